//! Files that go along with a question.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::ombud::{Ombud, QUICK, Said, model_config};

/// The smallest picture that is one.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn good(stdout: &str) -> Said {
    Said { exit: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

/// What a person says in the first request.
fn said(requests: &[crate::support::model_server::Request]) -> Vec<Value> {
    requests[0].body["messages"].as_array().unwrap()[1..].iter().map(|message| message["content"].clone()).collect()
}

fn shown_whole(server: ModelServer, ombud: &Ombud) {
    ombud.file("notes.md", "# Notes\n");
    std::fs::write(ombud.work().join("p.txt"), PNG).unwrap();
    let outside = ombud.root().join("outside.txt");
    std::fs::write(&outside, "from elsewhere\n").unwrap();
    let outside = outside.to_str().unwrap();
    let arguments = ["oneshot", "What is this?", "--file", "notes.md", "--file", "p.txt", "--file", outside];
    assert_eq!(ombud.run(&arguments), good("Notes and a picture.\n"));
    let requests = server.finish();
    let url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
    assert_eq!(
        said(&requests),
        [
            json!([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]),
            json!("[Environment: file notes.md] # Notes\n"),
            json!(format!("[Environment: file {outside}] from elsewhere\n")),
        ]
    );
}

#[test]
fn texts_go_beside_the_question_and_images_in_it() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Notes and a picture.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    shown_whole(server, &ombud);
}

#[test]
fn files_go_along_to_a_server() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Notes and a picture.")]);
    let mut ombud = Ombud::with_model(&server, Wire::Openai);
    let address = ombud.serve();
    ombud.set("OMBUD_SERVER", address);
    shown_whole(server, &ombud);
}

#[test]
fn what_cannot_go_along_is_told() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let ombud = Ombud::new();
    let blind = "[models.\"house/small\"]\nimages = false\n";
    ombud.config(&model_config(&server.base_url(), Wire::Openai, &format!("{QUICK}\n{blind}")));
    std::fs::create_dir(ombud.work().join("folder")).unwrap();
    std::fs::write(ombud.work().join("junk.bin"), b"\x7fELF\xff\xfe").unwrap();
    std::fs::write(ombud.work().join("large.txt"), vec![b'x'; (4 << 20) + 1]).unwrap();
    std::fs::write(ombud.work().join("empty"), b"").unwrap();
    std::fs::write(ombud.work().join("a.png"), PNG).unwrap();
    let refused = |file: &str, exit: i32, words: &str| {
        let said = ombud.run(&["oneshot", "What is this?", "--file", file]);
        assert!(said.exit == exit && said.stdout.is_empty() && said.stderr.contains(words), "{file}: {said:?}");
    };
    refused("gone.txt", 4, "there is no file `gone.txt` (not_found)");
    refused("folder", 2, "`folder` is a folder, and `--file` takes a file (invalid_input)");
    refused("empty", 2, "file `empty` is empty (invalid_input)");
    refused("junk.bin", 2, "file `junk.bin` is neither UTF-8 text nor a PNG, JPEG, GIF or WebP image (bad_media)");
    refused("large.txt", 2, "file `large.txt` is larger than 4194304 bytes (too_large)");
    refused("a.png", 2, "model `house/small` takes no images (bad_media)");
    assert_eq!(ombud.json(&["sessions", "list"])["sessions"], json!([]));
    server.finish();
}

#[test]
fn one_turn_of_a_conversation_takes_files_too() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("Notes.")]);
    let ombud = Ombud::with_model(&server, Wire::Openai);
    ombud.file("notes.md", "# Notes\n");
    assert_eq!(ombud.run(&["run", "What is this?", "--file", "notes.md"]), good("Notes.\n"));
    let requests = server.finish();
    assert_eq!(said(&requests), [json!("What is this?"), json!("[Environment: file notes.md] # Notes\n")]);
}

#[test]
fn the_rules_inside_of_the_program_see_them_too() {
    let mut ombud = Ombud::new();
    ombud.set("OMBUD_MODEL", "offline/rules");
    std::fs::write(ombud.root().join("outside.txt"), "one\ntwo\nthree\n").unwrap();
    let file = ombud.root().join("outside.txt");
    let said = ombud.run(&["oneshot", "How many lines are in the text?", "--file", file.to_str().unwrap()]);
    assert!(said.exit == 0 && said.stdout.contains('3'), "{said:?}");
}
