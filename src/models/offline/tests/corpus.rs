//! One line of a prompt, and what the model does first: calls of tools, or an answer.

use super::house::House;

pub fn house() -> House {
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

/// `corpus.txt`: `?` begins a prompt, `>` one call or the answer, `…` at its end stands for the rest; `\\n` is a line
/// break.
#[test]
fn each_prompt_leads_to_its_calls_or_its_answer() {
    let corpus = include_str!("corpus.txt");
    let house = house();
    let mut prompts = 0;
    let mut wrong = Vec::new();
    for entry in corpus.split("\n? ").map(|entry| entry.trim_start_matches("? ")) {
        let mut lines = entry.lines();
        let prompt = lines.next().unwrap().replace("\\n", "\n");
        let expected: Vec<&str> = lines.filter_map(|line| line.strip_prefix("> ")).collect();
        let actual: Vec<String> = house.first_calls(&prompt).iter().map(|call| call.replace('\n', "\\n")).collect();
        let fits = |(actual, expected): (&String, &&str)| match expected.strip_suffix('…') {
            Some(beginning) => actual.starts_with(beginning),
            None => actual == expected,
        };
        prompts += 1;
        if actual.len() != expected.len() || !actual.iter().zip(&expected).all(fits) {
            wrong.push(format!("{prompt}\n  expected {expected:?}\n  actual   {actual:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(prompts >= 120, "{prompts}");
}
