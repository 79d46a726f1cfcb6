//! Options of `share`.

use std::path::PathBuf;

use clap::Args;
use ombud::domain::SessionId;

use super::values;

const SHARE_EXAMPLES: &str = "\
Examples:
  ombud share build-42
  ombud share build-42 -o build-42.html
  ombud share build-42 -o - | gzip > build-42.html.gz
  ombud share build-42 --format json | jq .removed";

/// Make one page of a session that others can replay
///
/// The page is one HTML file that needs no network and holds everything: messages, calls of tools with input and output,
/// times, usage. Keys that this program knows, and texts that look like keys, are taken out of it, and what was taken out
/// is told; look through it all the same before you give it away.
///
/// Without --output the page is uploaded where the setting share.provider says, and its address is printed; where no
/// provider is set, it is written to ombud-share-ID.html in the current folder, and the name of the file is printed.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = SHARE_EXAMPLES)]
pub struct ShareArguments {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// Write the page into this file, and upload nothing; `-`: to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
