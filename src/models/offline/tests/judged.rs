//! Questions that were once answered wrongly, with the whole answers.

use super::house::House;

fn shop() -> House {
    let log: String =
        (1..=60).map(|at| format!("10:{at:02} {} request {at}\n", if at % 20 == 0 { "ERROR" } else { "INFO" })).collect();
    House::new(&[
        ("data/orders.csv", "id,customer,country,count,price\n1,Anna,SE,2,10\n2,Tom,UK,1,20\n3,Anna,SE,3,5\n"),
        ("data/access.log", &log),
        ("data/empty.txt", ""),
        ("data/May notes (final).txt", "nothing broke\n"),
        ("german.csv", "month;amount\nJan;950,00\nFeb;12,50\n"),
        ("requirements.txt", "flask==3.0.2\ngunicorn>=21.2  # server\n"),
        (
            "packages/core/package.json",
            "{\"name\":\"@harbor/core\",\"version\":\"2.3.0\",\"dependencies\":{\"zod\":\"^3.22.4\"}}\n",
        ),
        (
            "packages/ui/package.json",
            "{\"name\":\"@harbor/ui\",\"version\":\"0.9.1\",\"dependencies\":{\"@harbor/core\":\"workspace:*\"}}\n",
        ),
        ("services/api/go.mod", "module harbor.example/api\n\nrequire github.com/jackc/pgx/v5 v5.5.5\n"),
        (".hidden", "x\n"),
    ])
}

fn each(expected: &[(&str, &str)]) {
    let wrong: Vec<String> = expected
        .iter()
        .map(|(question, answer)| (question, answer, shop().ask(question)))
        .filter(|(_, answer, said)| said != *answer)
        .map(|(question, answer, said)| format!("{question}\n  expected {answer:?}\n  actual   {said:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables() {
    each(&[
        ("sum of count in data/orders.csv", "The sum of `count` in `data/orders.csv` is 6 (3 rows)."),
        ("total revenue (count*price) in orders.csv", "The sum of `count * price` in `data/orders.csv` is 55 (3 rows)."),
        ("how many orders per country?", "The rows of `data/orders.csv` by `country`:\n- SE: 2\n- UK: 1"),
        (
            "how much did Anna spend in data/orders.csv by price",
            "The sum of `price` in `data/orders.csv` where customer is \"Anna\" is 15 (2 rows).",
        ),
        (
            "count * price for each customer in orders.csv",
            "The sum of `count * price` by `customer` in `data/orders.csv`:\n- Anna: 35\n- Tom: 20",
        ),
        (
            "show orders.csv sorted by price",
            "The rows of `data/orders.csv` by `price`:\n- id: 3, customer: Anna, country: SE, count: 3, price: 5\n- id: 1, customer: Anna, country: SE, count: 2, price: 10\n- id: 2, customer: Tom, country: UK, count: 1, price: 20",
        ),
        (
            "sum of amount in german.csv",
            "No column of `german.csv` holds numbers that I can read (month, amount); numbers with a decimal comma I cannot.",
        ),
    ]);
}

#[test]
fn long_files() {
    let mut house = shop();
    house.page = 3;
    assert_eq!(
        house.ask("show me the last 2 lines of data/access.log"),
        "`data/access.log` lines 59 to 60:\n\n10:59 INFO request 59\n10:60 ERROR request 60"
    );
    let mut house = shop();
    house.page = 3;
    assert_eq!(
        house.ask("how many lines have 58 in data/access.log"),
        "\"58\" stands in 1 line of 1 file, case ignored.\n- `data/access.log:58`: 10:58 INFO request 58"
    );
    let mut house = shop();
    house.page = 3;
    assert_eq!(
        house.ask("how many errors in data/access.log"),
        "`data/access.log` has 3 lines with \"error\", case ignored.\n- `data/access.log:20`: 10:20 ERROR request 20\n- `data/access.log:40`: 10:40 ERROR request 40\n- `data/access.log:60`: 10:60 ERROR request 60"
    );
}

#[test]
fn folders() {
    each(&[
        ("how many files are empty", "There is 1 empty file in the workspace, with everything below."),
        ("count the files in packages", "There are 2 files in `packages`, with everything below."),
        ("is empty.txt empty?", "Yes, `data/empty.txt` is empty."),
        ("find files bigger than 100 bytes", "The workspace holds 1 larger file:\n- `data/access.log` (1314 bytes)"),
        (
            "which folder has most files",
            "Folders by the files directly in them, the fullest first:\n- `data`: 4 files\n- `.`: 3 files\n- `packages/core`: 1 file\n- `packages/ui`: 1 file\n- `services/api`: 1 file",
        ),
        ("list hidden files", "The workspace holds 1 hidden file:\n- `.hidden` (2 bytes)"),
        ("read 'May notes (final).txt'", "`data/May notes (final).txt` (1 line):\n\nnothing broke"),
        (
            "which file is largest and how many lines does it have",
            "The largest file in the workspace is `data/access.log` with 1314 bytes.\n\n`data/access.log` has 60 lines.",
        ),
        (
            "list all routes",
            "I do not know. I searched the workspace for \"routes\" and found nothing. I am a rule-based model, not a language model. Ask \"what can you do\" for what I understand. For a real language model set a key, such as `OPENAI_API_KEY` or `ANTHROPIC_API_KEY`, and choose it with `--model PROVIDER/ID`, for example `--model openai/gpt-5-mini`. A local server works too: set `OLLAMA_HOST`, or `OPENAI_BASE_URL` and choose `--model openai/ID`.",
        ),
    ]);
}

#[test]
fn dependencies() {
    each(&[
        ("whats the version of flask we use", "- `flask` ==3.0.2 (`requirements.txt` line 1)"),
        (
            "version of @harbor/core",
            "- `@harbor/core` is at 2.3.0 (`packages/core/package.json`)\n- `@harbor/core` workspace:* (`packages/ui/package.json` line 1)",
        ),
        ("what version of pgx", "- `github.com/jackc/pgx/v5` v5.5.5 (`services/api/go.mod` line 3)"),
        (
            "what does ui depend on",
            "`packages/ui/package.json` lists 1 dependency:\n- `@harbor/core` workspace:* (`packages/ui/package.json` line 1)",
        ),
        ("which packages depend on core", "- `@harbor/core` workspace:* (`packages/ui/package.json` line 1)"),
        (
            "list go dependencies",
            "`services/api/go.mod` lists 1 dependency:\n- `github.com/jackc/pgx/v5` v5.5.5 (`services/api/go.mod` line 3)",
        ),
        (
            "which packages are in this monorepo?",
            "I found 4 manifests:\n- without a name (`requirements.txt`)\n- `@harbor/core`, 2.3.0 (`packages/core/package.json`)\n- `@harbor/ui`, 0.9.1 (`packages/ui/package.json`)\n- without a name (`services/api/go.mod`)",
        ),
    ]);
}

#[test]
fn dates_and_text() {
    each(&[
        ("how many days until 31 August 2025", "2025-08-31 is over: it was 446 days before 2026-11-20."),
        ("what time is it in Tokyo", "It is 06:50 UTC on Friday, 20 November 2026. I know only UTC, not the time in Tokyo."),
        (
            "how many ERROR lines\n\n<stdin>\na ERROR\nb\nerror c\n</stdin>",
            "2 lines of the text hold \"error\", case ignored.",
        ),
        ("what's 20% off 150", "150 - 20% * 150 = 120"),
        ("run `ls`", "`ls` gave:\n\nran ls\n[exit code 0]"),
    ]);
}
