//! Times whole processes, from before the start to after the end, in turn, so that what else the machine does meets all
//! of them.

use std::process::{Command, Stdio};
use std::time::Instant;

/// What is timed.
pub struct Timing {
    /// Rounds; the median of each is one figure of the spread.
    pub rounds: usize,
    /// Runs of each command in a round.
    pub runs: usize,
    /// The commands, each a program and its arguments.
    pub commands: Vec<Vec<String>>,
}

impl Timing {
    /// Reads `ROUNDS RUNS PROGRAM ARGUMENT… [--- PROGRAM ARGUMENT…]…`.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let [rounds, runs, rest @ ..] = arguments else { return None };
        let commands: Vec<Vec<String>> = rest.split(|word| word == "---").map(<[String]>::to_vec).collect();
        let named = commands.iter().all(|command| !command.is_empty());
        Some(Self { rounds: rounds.parse().ok()?, runs: runs.parse().ok()?, commands }).filter(|_| named)
    }

    /// Runs all, and prints a line for each command: median of the rounds' medians, the least and the largest of these,
    /// in milliseconds, then the same of the ratio to the first command. Tabs between.
    pub fn run(&self) -> Result<(), String> {
        let mut medians = vec![Vec::new(); self.commands.len()];
        for _ in 0..self.rounds {
            let mut times = vec![Vec::new(); self.commands.len()];
            for _ in 0..self.runs {
                for (command, times) in self.commands.iter().zip(&mut times) {
                    times.push(once(command)?);
                }
            }
            for (medians, times) in medians.iter_mut().zip(times) {
                medians.push(median(times));
            }
        }
        for one in &medians {
            let ratios: Vec<f64> = one.iter().zip(&medians[0]).map(|(time, first)| time / first).collect();
            let (least, most) = ends(one);
            let (least_ratio, most_ratio) = ends(&ratios);
            let (middle, ratio) = (median(one.clone()), median(ratios));
            println!("{middle:.2}\t{least:.2}\t{most:.2}\t{ratio:.2}\t{least_ratio:.2}\t{most_ratio:.2}");
        }
        Ok(())
    }
}

fn once(command: &[String]) -> Result<f64, String> {
    let mut process = Command::new(&command[0]);
    process.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = process.status().map_err(|error| format!("{}: {error}", command[0]))?;
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    if status.success() { Ok(took) } else { Err(format!("{}: {status}", command.join(" "))) }
}

fn ends(times: &[f64]) -> (f64, f64) {
    times.iter().fold((f64::INFINITY, 0.0), |(least, most), &time| (time.min(least), time.max(most)))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let half = times.len() / 2;
    if times.len() % 2 == 1 { times[half] } else { f64::midpoint(times[half - 1], times[half]) }
}
