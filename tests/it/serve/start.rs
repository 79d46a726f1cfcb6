//! How the server begins.

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::json;

use crate::support::model_server::ModelServer;
use crate::support::process::Place;
use crate::support::server::{PATIENCE, Served, Serving};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_and_leaves() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    assert_eq!(served.client.get("/api/v1/health").await.expect(200)["status"], json!("ok"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_where_it_listens() {
    let place = Place::new("sqlite");
    let serving = Serving::start(&place, &[]);
    assert_eq!(serving.client.get("/api/v1/health").await.expect(200)["status"], json!("ok"));
    serving.process.signal(Signal::TERM);
    assert_eq!(serving.process.end(PATIENCE).code, Some(0));
}
