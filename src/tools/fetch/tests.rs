//! Fetching with names that resolve as the test says: nobody who must not be asked is asked.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::AllowedHost;
use crate::domain::PermissionRule;
use crate::workspace::Workspace;

/// Names and their addresses; each lookup of a name gives the next, and the last again and again.
struct Names(Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>);

#[async_trait]
impl Resolver for Names {
    async fn lookup(&self, name: &str) -> Lookup {
        let mut names = self.0.lock().unwrap();
        let Some(answers) = names.get_mut(name) else { return Err(io::Error::other("no such name")) };
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

/// A server that counts who connects, and gives the same answer to each request.
struct Site {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

fn site(at: &str, answer: impl Fn(&str, u16) -> Vec<u8> + Send + 'static) -> Site {
    let listener = TcpListener::bind((at, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            // Who reads no further has gone.
            drop(stream.write_all(&answer(path, address.port())));
        }
    });
    Site { address, connections }
}

fn page(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

struct Bench {
    tool: FetchUrl,
    context: ToolContext,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(allow_hosts: &[&str], names: &[(&str, &[&[&str]])], rules: &[(&str, Permission)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let names = names.iter().map(|(name, all)| ((*name).to_owned(), all.iter().map(addresses).collect())).collect();
        let mut settings = ToolSettings::default();
        settings.fetch.allow_hosts = allow_hosts.iter().map(|host| AllowedHost::parse(host).unwrap()).collect();
        settings.fetch.bytes = 4_096;
        let rules = rules.iter().map(|(rule, permission)| PermissionRule::parse(rule, *permission).unwrap());
        let context = ToolContext {
            workspace: Arc::new(Workspace::open(folder.path()).unwrap()),
            rules: rules.collect(),
            cancelled: CancellationToken::new(),
        };
        let tool = FetchUrl::resolving(&Limits::default(), &settings, Arc::new(Names(Mutex::new(names))));
        Self { tool, context, _folder: folder }
    }

    async fn fetch(&self, url: &str) -> String {
        match self.tool.call(&self.context, json!({ "url": url })).await {
            Ok(output) => output.output.as_str().unwrap().to_owned(),
            Err(failure) => format!("{}: {}", failure.code.word(), failure.message),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_inside_is_connected_to() {
    let four = site("127.0.0.1", |_, _| page("200 OK\r\ncontent-type: text/plain", "secret"));
    let six = site("::1", |_, _| page("200 OK\r\ncontent-type: text/plain", "secret"));
    let port = four.address.port();
    let names: &[(&str, &[&[&str]])] = &[
        ("inside.test", &[&["127.0.0.1"]]),
        ("mixed.test", &[&["93.184.216.34", "10.0.0.1"]]),
        ("meta.test", &[&["169.254.169.254"]]),
        ("six.test", &[&["::1"]]),
        ("mapped.test", &[&["::ffff:127.0.0.1"]]),
    ];
    let bench = Bench::new(&[], names, &[("fetch_url", Permission::Allow)]);
    for host in [
        "127.0.0.1",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "inside.test",
        "INSIDE.test",
        "mixed.test",
        "meta.test",
        "six.test",
        "mapped.test",
    ] {
        let said = bench.fetch(&format!("http://{host}:{port}/")).await;
        assert!(said.starts_with("forbidden: ") || said.starts_with("unavailable: the name"), "{host}: {said}");
    }
    let said = bench.fetch(&format!("http://[::1]:{}/", six.address.port())).await;
    assert!(said.starts_with("forbidden: ") && said.contains("the address ::1 is of this machine"), "{said}");
    assert_eq!((four.connections.load(Ordering::SeqCst), six.connections.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_page_of_the_web_is_refused() {
    let bench = Bench::new(&[], &[], &[("fetch_url", Permission::Allow)]);
    assert_eq!(bench.fetch("file:///etc/passwd").await, "invalid_input: `file:` is not fetched, only http and https are");
    assert_eq!(bench.fetch("ftp://a.example/").await, "invalid_input: `ftp:` is not fetched, only http and https are");
    let user = "invalid_input: an address with a user or a password in it is not fetched";
    assert_eq!(bench.fetch("http://a:b@a.example/").await, user);
    assert!(bench.fetch("no address").await.starts_with("invalid_input: this is no address"));
    assert_eq!(bench.fetch("http://nowhere.test/").await, "unavailable: the name `nowhere.test` is not known: no such name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_looked_at_as_the_first_address_was() {
    let hidden = site("127.0.0.1", |_, _| page("200 OK\r\ncontent-type: text/plain", "secret"));
    let to = hidden.address.port();
    let open = site("127.0.0.1", move |path, own| {
        let location = match path {
            "/here" => "/page".to_owned(),
            "/file" => "file:///etc/passwd".to_owned(),
            "/inside" => format!("http://127.0.0.1:{to}/"),
            "/name" => format!("http://rebound.test:{to}/"),
            "/round" => format!("http://open.test:{own}/round"),
            "/other" => format!("http://other.test:{own}/page"),
            _ => return page("200 OK\r\ncontent-type: text/html", "<h1>Hi</h1>"),
        };
        page(&format!("302 Found\r\nlocation: {location}"), "")
    });
    let port = open.address.port();
    let names: &[(&str, &[&[&str]])] =
        &[("open.test", &[&["127.0.0.1"]]), ("other.test", &[&["127.0.0.1"]]), ("rebound.test", &[&["127.0.0.1"]])];
    let host = format!("open.test:{port}");
    let other = format!("other.test:{port}");
    let all = Bench::new(&[&host, &other], names, &[("fetch_url", Permission::Allow)]);
    let url = |path: &str| format!("http://{host}{path}");
    assert_eq!(all.fetch(&url("/here")).await, format!("[{}: 200, text/html]\n# Hi", url("/page")));
    assert_eq!(all.fetch(&url("/other")).await, format!("[http://{other}/page: 200, text/html]\n# Hi"));
    assert_eq!(all.fetch(&url("/file")).await, "invalid_input: `file:` is not fetched, only http and https are");
    assert!(all.fetch(&url("/inside")).await.contains("the address 127.0.0.1 is of this machine"));
    assert!(all.fetch(&url("/name")).await.contains("the address 127.0.0.1 of `rebound.test` is of this machine"));
    assert_eq!(all.fetch(&url("/round")).await, format!("unavailable: `{}`: more than 5 redirects", url("/round")));
    assert_eq!(hidden.connections.load(Ordering::SeqCst), 0);
    // A rule that allows one host allows no other.
    let rule = format!("fetch_url({host})");
    let one = Bench::new(&[&host, &other], names, &[(&rule, Permission::Allow)]);
    assert_eq!(one.fetch(&url("/here")).await, format!("[{}: 200, text/html]\n# Hi", url("/page")));
    let said = one.fetch(&url("/other")).await;
    assert!(
        said.starts_with("forbidden: ") && said.ends_with("which is not allowed with it: fetch that by itself"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_that_was_checked_is_the_one_that_is_asked() {
    let open = site("127.0.0.1", |_, _| page("200 OK\r\ncontent-type: text/plain", "hello"));
    let port = open.address.port();
    // The second lookup would give another: there is none.
    let names: &[(&str, &[&[&str]])] = &[("changes.test", &[&["127.0.0.1"], &["127.0.0.9"]])];
    let bench = Bench::new(&["127.0.0.1"], names, &[("fetch_url", Permission::Allow)]);
    let url = format!("http://changes.test:{port}/");
    assert_eq!(bench.fetch(&url).await, format!("[{url}: 200, text/plain]\nhello"));
    assert!(bench.fetch(&url).await.starts_with("forbidden: "));
    assert_eq!(open.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_text_or_too_much_is_bounded() {
    let open = site("127.0.0.1", |path, _| match path {
        "/image" => page("200 OK\r\ncontent-type: image/png", "x"),
        "/gone" => page("404 Not Found\r\ncontent-type: text/plain", "nothing here"),
        "/latin" => {
            [&b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=iso-8859-1\r\ncontent-length: 2\r\n\r\n"[..], b"\xe4!"]
                .concat()
        }
        "/large" => {
            [&b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5000000000\r\n\r\n"[..], &[b'x'; 9_000]]
                .concat()
        }
        _ => page("200 OK", "\0\x01"),
    });
    let host = open.address.to_string();
    let bench = Bench::new(&[&host], &[], &[("fetch_url", Permission::Allow)]);
    let url = |path: &str| format!("http://{host}{path}");
    assert_eq!(
        bench.fetch(&url("/image")).await,
        format!("bad_media: `{}` is `image/png`, and only text is fetched", url("/image"))
    );
    assert_eq!(bench.fetch(&url("/")).await, format!("bad_media: `{}` is no text, and only text is fetched", url("/")));
    assert_eq!(bench.fetch(&url("/gone")).await, format!("not_found: `{}` answered 404 Not Found", url("/gone")));
    assert_eq!(bench.fetch(&url("/latin")).await, format!("[{}: 200, text/plain]\nä!", url("/latin")));
    let large = format!("[{}: 200, text/plain, the first 4096 bytes]\n{}", url("/large"), "x".repeat(4_096));
    assert_eq!(bench.fetch(&url("/large")).await, large);
}
