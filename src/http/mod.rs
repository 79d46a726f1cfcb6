//! FLOOR 5: HTTP, carried and never interpreted: routes with what describes them, bodies, answers, streams, guards.
//!
//! What a request means is the business of a dialect; who calls and whether it may be let in is decided here, before.

mod address;
mod asked;
mod body;
mod caller;
mod credentials;
mod door;
mod files;
mod forward;
mod kept;
mod legs;
mod multipart;
mod outbound;
mod pace;
mod patience;
mod reply;
mod resumable;
mod route;
mod socketio;
mod sse;
mod telling;
mod token;
mod unread;
mod waiter;
mod websocket;
mod windows;

pub use address::base_url;
pub use asked::{Asked, Coming, Envelope, query_pairs, query_value};
pub use body::{JSON_DEPTH, WholeBody, body_pieces, parse_json, read_body, read_json, timed_body};
pub use caller::{Caller, Lacking, Unproven, Unshown};
pub use credentials::{Proof, caller_of_socket, caller_with_token, door_cookie, offers_token, proof, wrong_door};
pub use door::Door;
pub use files::{Outgoing, Writer, file_path, file_path_below, media_type, send_bytes, send_file};
pub use forward::pass_on;
pub use kept::{Portion, as_attachment, send_kept, send_portion, sent_at};
pub use multipart::{Multipart, PartHead, part_pieces};
pub use outbound::{client_for, outbound_failure};
pub use pace::{Address, Allowance, Pace};
pub use patience::Patience;
pub use reply::{RequestId, empty, json, refuse, status_of, text};
pub use resumable::resumable_stream;
pub use route::{Meant, Needs, Route, Routes, Shape};
pub use socketio::{EventSocket, Said, SocketEvent, SocketEvents, SocketGreeting, SocketHandler, SpeaksIt, socket_io};
pub use sse::{event_stream, frame};
pub use telling::{Telling, told_stream, written};
pub use token::{cookie_value, opens};
pub use unread::{Flow, Held, Unread};
pub use waiter::Waiter;
pub use websocket::{Closing, FAREWELL, Messages, Sending, upgrade};
pub use windows::{Left, Windows};
