use super::house::House;

fn house() -> House {
    House::new(&[
        (
            "README.md",
            "# Tidewatch\n\nTidewatch warns harbour masters before high water. It reads gauges every minute and sends a message.\n\n## Install\n\nRun `make install`.\n\n## Usage\n\nStart it with `tidewatch --port 8080`.\n\n## Contact\n\nWrite to Ada Berg <ada@tide.example> or see https://tide.example/docs.\n",
        ),
        (
            "Cargo.toml",
            "[package]\nname = \"tidewatch\"\nversion = \"2.4.1\"\nedition = \"2024\"\nlicense = \"MIT\"\nauthors = [\"Ada Berg\", \"Bo Lind\"]\n\n[dependencies]\nserde = \"1.0.200\"\ntokio = { version = \"1.40\", features = [\"full\"] }\n\n[features]\n",
        ),
        (
            "src/main.rs",
            "//! Reads gauges and warns.\n\nmod gauge;\n\n/// Starts everything.\nfn main() {\n    let level = gauge::read_level(3);\n    // TODO: send a message\n    println!(\"{level}\");\n}\n",
        ),
        (
            "src/gauge.rs",
            "/// One gauge in the harbour.\npub struct Gauge {\n    pub id: u32,\n}\n\n/// Reads the level of a gauge in centimetres.\npub fn read_level(id: u32) -> i64 {\n    i64::from(id) * 7\n}\n\nfn helper() {}\n",
        ),
        ("data/levels.csv", "station,level,day\nNorth,120,2026-11-01\nSouth,80,2026-11-01\nNorth,140,2026-11-02\n"),
        ("config/server.yaml", "server:\n  host: 127.0.0.1\n  port: 9090\nalarm:\n  threshold_cm: 150\n"),
        ("notes.txt", "first\nsecond\nthird\nfourth\nfifth\n"),
    ])
}

#[test]
fn look() {
    let text = std::fs::read_to_string("/tmp/offline_questions.txt").unwrap_or_default();
    let mut base = house();
    if let Ok(dir) = std::fs::read_to_string("/tmp/offline_dir") {
        base = House::new(&[]);
        let walk = ignore::WalkBuilder::new(dir.trim()).hidden(false).build();
        for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                base.files.insert(entry.path().strip_prefix(dir.trim()).unwrap().to_string_lossy().into_owned(), text);
            }
        }
    }
    for line in text.lines() {
        let mut house = base.clone();
        for question in line.split(" || ") {
            let answer = house.ask(&question.replace("\\n", "\n"));
            println!("=== {question}");
            for call in &house.calls {
                println!("  -> {} {}", call.name, call.arguments);
            }
            println!("{answer}\n");
        }
    }
}
