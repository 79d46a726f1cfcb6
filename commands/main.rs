//! x

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|word| word == ombud::tools::guard::WORD).is_some() {
        return ombud::tools::guard::main(arguments);
    }
    ExitCode::SUCCESS
}
