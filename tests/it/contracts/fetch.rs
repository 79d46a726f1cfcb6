//! Pages, inside of a network of the test's own: with listeners on the addresses that must not be asked.
//!
//! The test starts itself anew in namespaces of its own, where it gives the loopback interface the addresses of a private
//! network and of a cloud's secrets, and names to them. Where namespaces cannot be made it says so, and asks the listeners
//! that it can have without them: those on loopback. That the others are refused is shown, with names that resolve as a test
//! says, beside the tool itself.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, QUICK, model_config};

/// Set inside of the namespaces.
const INSIDE: &str = "OMBUD_TEST_IN_NAMESPACE";
/// Where this test is.
const NAME: &str = "contracts::fetch::pages_inside_are_never_asked";
/// What listens inside.
const ADDRESSES: [&str; 5] = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.9", "::1"];

/// Makes the namespaces, in which it starts the test anew.
const SCRIPT: &str = r#"
ip link set lo up || exit 99
for address in 10.1.2.3 169.254.169.254 100.64.0.9; do ip addr add "$address/32" dev lo || exit 99; done
mount --bind "$1" /etc/hosts || exit 99
shift
exec "$@"
"#;

const HOSTS: &str = "127.0.0.1 localhost inside.test\n10.1.2.3 private.test\n169.254.169.254 meta.test\n::1 six.test\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "it learns whether it is inside")]
fn pages_inside_are_never_asked() {
    if std::env::var_os(INSIDE).is_some() {
        asks_what_is_inside(&ADDRESSES);
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, HOSTS).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "sh", "-c", SCRIPT, "sh"]).arg(&hosts);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", NAME, "--nocapture"]).env(INSIDE, "1");
    match command.output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
        other => {
            println!("no network of its own can be made here ({other:?}): only loopback is tried");
            asks_what_is_inside(&["127.0.0.1"]);
        }
    }
}

/// Listeners on one port, each of which counts who connects.
struct Listeners {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Listeners {
    fn on(addresses: &[&str]) -> Self {
        let connections = Arc::new(AtomicUsize::new(0));
        let mut port = 0;
        for address in addresses {
            let listener = TcpListener::bind(SocketAddr::new(address.parse::<IpAddr>().unwrap(), port)).unwrap();
            port = listener.local_addr().unwrap().port();
            let counted = Arc::clone(&connections);
            std::thread::spawn(move || {
                for mut stream in listener.incoming().map_while(Result::ok) {
                    counted.fetch_add(1, Ordering::SeqCst);
                    drop(
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nsecret"),
                    );
                }
            });
        }
        Self { port, connections }
    }
}

/// A site that may be asked, and that leads on to where nobody may go, or never ends.
fn site(inside: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut head = [0; 4_096];
                let read = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let moved = |to: String| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
                let endless = |head: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{head}\r\n");
                let answer = match head.split(' ').nth(1).unwrap_or_default() {
                    "/to-loopback" => moved(format!("http://127.0.0.1:{inside}/")),
                    "/to-private" => moved(format!("http://private.test:{inside}/")),
                    "/to-file" => moved("file:///etc/passwd".to_owned()),
                    "/round" => moved("/round".to_owned()),
                    "/large" => endless("content-length: 5000000000\r\n"),
                    "/endless" => endless("connection: close\r\n"),
                    _ => "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 18\r\n\r\n<h1>Welcome</h1>\r\n"
                        .to_owned(),
                };
                let without_end = answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain");
                let mut written = stream.write_all(answer.as_bytes());
                // Until whoever reads has gone.
                while without_end && written.is_ok() {
                    written = stream.write_all(&[b'x'; 64 << 10]);
                }
            });
        }
    });
    port
}

fn asks_what_is_inside(addresses: &[&str]) {
    let listeners = Listeners::on(addresses);
    let inside = listeners.port;
    let open = site(inside);
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.1.2.3",
        "167838211",
        "012.1.2.3",
        "169.254.169.254",
        "2852039166",
        "0251.0376.0251.0376",
        "100.64.0.9",
        "inside.test",
        "private.test",
        "meta.test",
        "six.test",
    ];
    let mut urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{inside}/")).collect();
    urls.push("file:///etc/passwd".to_owned());
    let on = |path: &str| format!("http://127.0.0.1:{open}{path}");
    let refused = urls.len() + 4;
    urls.extend(["/to-loopback", "/to-private", "/to-file", "/round"].map(&on));
    urls.extend(["/large", "/endless", "/"].map(&on));
    let calls: Vec<(&str, Value)> = urls.iter().map(|url| ("fetch_url", json!({ "url": url }))).collect();
    let script: Vec<Answer> =
        calls.into_iter().map(|call| Answer::calls(vec![call])).chain([Answer::text("Done.")]).collect();
    let server = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::new();
    let more = format!("[tools.fetch]\nallow_hosts = [\"127.0.0.1:{open}\"]\nbytes = 65536\n");
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &format!("{QUICK}\n{more}")));
    let result = ombud.run(&["oneshot", "Go", "--allow", "fetch_url", "--format", "json"]).json();
    assert_eq!((&result["answer"], &result["denied"]), (&json!("Done."), &json!([])), "{result}");
    let requests = server.finish();
    let returns: Vec<&str> = requests.last().unwrap().body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(returns.len(), urls.len());
    for (at, (url, told)) in urls.iter().zip(&returns).enumerate().take(refused) {
        let status = &result["tool_calls"][at]["status"];
        assert!(*status == "failed" && !told.contains("secret") && !told.contains("root:"), "{url}: {status} {told}");
    }
    for (at, host) in hosts.iter().enumerate().filter(|(_, host)| !host.contains("test") || addresses.len() > 1) {
        let why = "only who sets this program up can allow it, by `tools.fetch.allow_hosts`";
        assert!(returns[at].ends_with(why), "{host}: {}", returns[at]);
    }
    let whole = returns[refused + 2];
    assert_eq!(whole, format!("[http://127.0.0.1:{open}/: 200, text/html]\n# Welcome"));
    for told in &returns[refused..refused + 2] {
        let bounded = told.contains(": 200, text/plain, the first 65536 bytes]\n") && told.len() < 33_000;
        assert!(bounded, "{}", &told[..200.min(told.len())]);
    }
    assert_eq!(listeners.connections.load(Ordering::SeqCst), 0, "somebody inside was asked");
}

#[test]
fn nothing_is_fetched_that_nobody_allowed() {
    let url = "https://docs.example/a?b#c";
    let script = vec![Answer::calls(vec![("fetch_url", json!({ "url": url }))]), Answer::text("I may not.")];
    let server = ModelServer::start(Wire::Openai, script);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    let result = ombud.run(&["oneshot", "Go", "--format", "json"]).json();
    let denied = json!([{
        "tool": "fetch_url",
        "arguments": {"url": url},
        "allow_with": "--allow 'fetch_url(https://docs.example)'",
    }]);
    assert_eq!((&result["denied"], &result["exit_code"]), (&denied, &json!(0)));
    server.finish();
}
