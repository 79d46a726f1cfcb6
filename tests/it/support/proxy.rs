//! A way to a server that a test can break: it passes bytes on, cuts streams where it is told to, and can lead to another
//! server from now on.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::server::within;

/// The way. It is there until the runtime of the test ends.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    /// After so many bytes of a stream its connection is cut; one number for each connection, then never.
    cuts: Mutex<VecDeque<usize>>,
    /// The paths of the requests that came, and whether the server has ended the connection since.
    seen: watch::Sender<Vec<(String, bool)>>,
    /// How often connections without a stream were ended.
    moved: watch::Sender<u32>,
}

impl Proxy {
    /// A way to the server at an address such as `http://127.0.0.1:4000`.
    pub async fn to(base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            target: Mutex::new(address(base)),
            cuts: Mutex::default(),
            seen: watch::Sender::new(Vec::new()),
            moved: watch::Sender::new(0),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, Arc::clone(&accepting)));
            }
        });
        Self { url, shared }
    }

    /// Where the way begins.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it leads here. Connections that stand are left alone.
    pub fn lead_to(&self, base: &str) {
        *self.shared.target.lock().unwrap() = address(base);
    }

    /// The same, and ends the connections that carry no stream: clients keep such for their next request.
    pub fn lead_away_to(&self, base: &str) {
        self.lead_to(base);
        self.shared.moved.send_modify(|times| *times += 1);
    }

    /// Cuts the next streams after so many bytes each.
    pub fn cut_streams_after(&self, bytes: impl IntoIterator<Item = usize>) {
        self.shared.cuts.lock().unwrap().extend(bytes);
    }

    /// How many streams were asked for so far.
    pub fn streams(&self) -> usize {
        self.shared.seen.borrow().iter().filter(|(path, _)| is_stream(path)).count()
    }

    /// Waits until a request for a path that ends so has come.
    pub async fn wait_for(&self, ending: &str) {
        self.wait_until(&format!("a request for {ending} came"), |(path, _)| path.ends_with(ending)).await;
    }

    /// Waits until the server has ended the connection of such a request.
    pub async fn wait_for_end(&self, ending: &str) {
        self.wait_until(&format!("the server ended {ending}"), |(path, ended)| path.ends_with(ending) && *ended).await;
    }

    async fn wait_until(&self, what: &str, reached: impl Fn(&(String, bool)) -> bool) {
        let mut seen = self.shared.seen.subscribe();
        within(what, seen.wait_for(|seen| seen.iter().any(&reached))).await.unwrap();
    }
}

fn address(base: &str) -> SocketAddr {
    base.trim_start_matches("http://").parse().unwrap()
}

fn is_stream(path: &str) -> bool {
    path.ends_with("/subscribe") || path.ends_with("/notices")
}

/// Passes one connection on.
async fn pass(client: TcpStream, shared: Arc<Shared>) {
    let to = *shared.target.lock().unwrap();
    // A server that is not there: the client's connection ends, as if it had been refused.
    let Ok(server) = TcpStream::connect(to).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let own = Arc::new(Mutex::new((usize::MAX, Vec::new())));
    let (passing, asked) = (Arc::clone(&shared), Arc::clone(&own));
    tokio::spawn(async move {
        let mut piece = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            if let Some(path) = path(&piece[..length]) {
                passing.begun(&path, &mut asked.lock().unwrap());
            }
            if to_server.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
        // An end that cannot be passed on is one that the other side has made already.
        drop(to_server.shutdown().await);
    });
    let mut piece = vec![0; 4_096];
    let mut moved = shared.moved.subscribe();
    loop {
        let carries_stream = shared.carry_stream(&own.lock().unwrap().1);
        let length = tokio::select! {
            read = from_server.read(&mut piece) => match read {
                Ok(length @ 1..) => length,
                _ => break,
            },
            Ok(()) = moved.changed(), if !carries_stream => break,
        };
        let passed = {
            let (left, _) = &mut *own.lock().unwrap();
            let passed = length.min(*left);
            *left = left.saturating_sub(passed);
            passed
        };
        // A client that has gone is no reason to stop: what is waited for is the server's end.
        drop(to_client.write_all(&piece[..passed]).await);
        if passed < length {
            break;
        }
    }
    drop(to_client.shutdown().await);
    let numbers = own.lock().unwrap().1.clone();
    shared.seen.send_modify(|seen| numbers.iter().for_each(|number: &usize| seen[*number].1 = true));
}

impl Shared {
    /// Whether one of these requests asked for a stream.
    fn carry_stream(&self, numbers: &[usize]) -> bool {
        let seen = self.seen.borrow();
        numbers.iter().any(|number| is_stream(&seen[*number].0))
    }

    /// A request begins on a connection, of which `own` tells how much is passed on and which requests it had.
    fn begun(&self, path: &str, own: &mut (usize, Vec<usize>)) {
        if is_stream(path) {
            own.0 = self.cuts.lock().unwrap().pop_front().unwrap_or(usize::MAX);
        }
        self.seen.send_modify(|seen| {
            own.1.push(seen.len());
            seen.push((path.to_owned(), false));
        });
    }
}

/// The path of a request that begins with these bytes.
fn path(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.lines().next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let begins = matches!(method, "GET" | "POST") && version.starts_with("HTTP/1");
    begins.then(|| target.split('?').next().unwrap_or_default().to_owned())
}
