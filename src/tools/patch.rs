//! Unified diffs: reading them as models write them, and what they make of a file.
//!
//! The numbers in the head of a hunk say where to look first, and nothing else: models count badly. What stands in a hunk
//! must stand in the file, line by line; where it stands at several places, the one nearest to the number counts only when
//! it is exactly there.

/// What a patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePatch {
    /// The file, as the patch names it.
    pub(super) path: String,
    /// What is done.
    pub(super) what: What,
    /// The line of the patch where it begins.
    pub(super) line: usize,
}

/// What a patch does to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A new file with this content.
    Create(Vec<Hunk>),
    /// Changes in a file that is there.
    Change(Vec<Hunk>),
    /// The file is removed; what the patch says stood in it.
    Remove(Vec<Hunk>),
}

/// Neighbouring lines that change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The line of the patch where it begins.
    line: usize,
    /// Where it stands in the file, from 1; 0 = it does not say.
    at: usize,
    /// Whether it says where.
    numbered: bool,
    old: Vec<String>,
    new: Vec<String>,
    /// Whether its last old, or new, line has no line break.
    old_open: bool,
    new_open: bool,
}

/// Why a patch cannot be read, or does not fit.
pub(super) type Fault = String;

/// Reads a patch.
pub(super) fn read(text: &str) -> Result<Vec<FilePatch>, Fault> {
    let lines: Vec<&str> = text.lines().collect();
    let mut files: Vec<FilePatch> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if is_head(&lines, at) {
            let (old, new) = (name(&lines[at][4..]), name(&lines[at + 1][4..]));
            let begun = at + 1;
            let mut hunks = Vec::new();
            at += 2;
            while lines.get(at).is_some_and(|line| line.starts_with("@@")) {
                let (hunk, next) = hunk(&lines, at)?;
                hunks.push(hunk);
                at = next;
            }
            files.push(file(old, new, hunks, begun)?);
        } else if line.starts_with("@@") {
            return Err(format!("line {}: a hunk without `--- FILE` and `+++ FILE` before it", at + 1));
        } else if line.starts_with("rename ") || line.starts_with("copy ") || line.starts_with("GIT binary patch") {
            return Err(format!("line {}: `{line}`: files are only changed, made and removed by a patch", at + 1));
        } else if line.starts_with("*** ") && !line.starts_with("*** a/") {
            return Err(format!(
                "line {}: this is no unified diff: write `--- FILE`, `+++ FILE`, then hunks with `@@`",
                at + 1
            ));
        } else {
            // `diff --git`, `index`, modes, words between files.
            at += 1;
        }
    }
    if files.is_empty() {
        return Err("there is no file in it: write `--- FILE` and `+++ FILE`, then hunks with `@@`".to_owned());
    }
    for (index, file) in files.iter().enumerate() {
        if let Some(other) = files[..index].iter().find(|other| other.path == file.path) {
            return Err(format!("line {}: `{}` stands in the patch already, at line {}", file.line, file.path, other.line));
        }
    }
    Ok(files)
}

fn is_head(lines: &[&str], at: usize) -> bool {
    lines[at].starts_with("--- ") && lines.get(at + 1).is_some_and(|line| line.starts_with("+++ "))
}

/// The name in a line `--- a/NAME<tab>TIME`; nothing for `/dev/null`.
fn name(text: &str) -> Option<String> {
    let text = text.split('\t').next().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    (text != "/dev/null").then(|| text.to_owned())
}

fn file(old: Option<String>, new: Option<String>, hunks: Vec<Hunk>, line: usize) -> Result<FilePatch, Fault> {
    // Both have the letter of git, or neither has.
    let bare = |old: &str, new: &str| match (old.strip_prefix("a/"), new.strip_prefix("b/")) {
        (Some(old), Some(new)) => (old.to_owned(), new.to_owned()),
        _ => (old.to_owned(), new.to_owned()),
    };
    let (path, what) = match (old, new) {
        (Some(old), Some(new)) => {
            let (old, new) = bare(&old, &new);
            if old != new {
                return Err(format!("line {line}: `{old}` would become `{new}`: a patch renames no files"));
            }
            if hunks.is_empty() {
                return Err(format!("line {line}: no hunk follows: nothing would change in `{new}`"));
            }
            (new, What::Change(hunks))
        }
        (None, Some(new)) => (new.strip_prefix("b/").unwrap_or(&new).to_owned(), What::Create(hunks)),
        (Some(old), None) => (old.strip_prefix("a/").unwrap_or(&old).to_owned(), What::Remove(hunks)),
        (None, None) => return Err(format!("line {line}: both files are /dev/null")),
    };
    if let What::Create(hunks) = &what
        && hunks.iter().any(|hunk| !hunk.old.is_empty())
    {
        return Err(format!("line {line}: `{path}` is to be made, and the patch has old lines for it"));
    }
    if path.is_empty() {
        return Err(format!("line {line}: the name of the file is empty"));
    }
    Ok(FilePatch { path, what, line })
}

/// The hunk that begins at a line, and the line after it.
fn hunk(lines: &[&str], begin: usize) -> Result<(Hunk, usize), Fault> {
    let mut hunk = Hunk { line: begin + 1, ..Hunk::default() };
    let counts = head(lines[begin]);
    hunk.at = counts.map_or(0, |(at, ..)| at);
    hunk.numbered = counts.is_some();
    let whole = |hunk: &Hunk| counts.is_some_and(|(_, old, new)| hunk.old.len() >= old && hunk.new.len() >= new);
    let (mut at, mut last) = (begin + 1, ' ');
    while let Some(line) = lines.get(at) {
        if line.starts_with("@@") || line.starts_with("diff --git ") || is_head(lines, at) {
            break;
        }
        let sign = line.chars().next().unwrap_or(' ');
        let rest = line.get(1..).unwrap_or_default().to_owned();
        match sign {
            // An empty line of the file, of which the space was lost; or what stands behind the hunk.
            ' ' if line.is_empty() && whole(&hunk) => break,
            ' ' | '\t' => {
                let rest = if sign == '\t' { (*line).to_owned() } else { rest };
                hunk.old.push(rest.clone());
                hunk.new.push(rest);
            }
            '-' => hunk.old.push(rest),
            '+' => hunk.new.push(rest),
            '\\' => {
                hunk.old_open |= last != '+';
                hunk.new_open |= last != '-';
            }
            _ if whole(&hunk) => break,
            _ => {
                let shown: String = line.chars().take(60).collect();
                return Err(format!("line {}: `{shown}` begins neither with ` `, `-` nor `+`", at + 1));
            }
        }
        last = sign;
        at += 1;
    }
    // Empty lines at the end of a patch are nobody's.
    if counts.is_none_or(|(_, old, new)| hunk.old.len() > old || hunk.new.len() > new) {
        let mut behind = at;
        while behind > begin + 1
            && lines[behind - 1].is_empty()
            && counts.is_none_or(|(_, old, new)| hunk.old.len() > old || hunk.new.len() > new)
        {
            hunk.old.pop();
            hunk.new.pop();
            behind -= 1;
        }
    }
    if hunk.old == hunk.new && hunk.old_open == hunk.new_open {
        return Err(format!("line {}: the hunk changes nothing", hunk.line));
    }
    Ok((hunk, at))
}

/// `@@ -AT,OLD +AT,NEW @@`: where, and how many lines.
fn head(line: &str) -> Option<(usize, usize, usize)> {
    let mut words = line.strip_prefix("@@")?.split_whitespace();
    let (old, new) = (words.next()?.strip_prefix('-')?, words.next()?.strip_prefix('+')?);
    let parts = |text: &str| match text.split_once(',') {
        Some((at, count)) => Some((at.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let ((at, old), (_, new)): ((usize, usize), (usize, usize)) = (parts(old)?, parts(new)?);
    Some((at, old, new))
}

/// The content of a new file.
pub(super) fn created(hunks: &[Hunk]) -> Vec<u8> {
    let open = hunks.last().is_some_and(|hunk| hunk.new_open);
    let lines: Vec<&str> = hunks.iter().flat_map(|hunk| hunk.new.iter().map(String::as_str)).collect();
    let mut text = lines.join("\n");
    if !open && !text.is_empty() {
        text.push('\n');
    }
    text.into_bytes()
}

/// What a file becomes, and the lines where it changed.
pub(super) fn applied(content: &[u8], hunks: &[Hunk], path: &str) -> Result<(Vec<u8>, Vec<usize>), Fault> {
    let text = std::str::from_utf8(content).map_err(|_| format!("`{path}` is no UTF-8 text"))?;
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let crlf = text.contains('\n') && lines.iter().filter(|line| line.ends_with('\n')).all(|line| line.ends_with("\r\n"));
    let end = if crlf { "\r\n" } else { "\n" };
    let mut made: Vec<String> = Vec::new();
    // What is before this line is done.
    let mut done = 0;
    let mut shift: isize = 0;
    let mut changed = Vec::new();
    for hunk in hunks {
        let place =
            find(&lines, done, hunk, shift).map_err(|why| format!("line {}: {why}", hunk.line).replace("FILE", path))?;
        if hunk.at > 0 && !hunk.old.is_empty() {
            shift = place.cast_signed() - (hunk.at - 1).cast_signed();
        }
        made.extend(lines[done..place].iter().map(|line| (*line).to_owned()));
        changed.push(made.len() + 1);
        // Lines that stay keep the bytes that they have.
        let old = &lines[place..place + hunk.old.len()];
        let at_end = place + hunk.old.len() == lines.len();
        let mut kept = old.iter().zip(&hunk.old).peekable();
        for (index, line) in hunk.new.iter().enumerate() {
            let same = kept.clone().position(|(_, words)| words == line);
            let last = index + 1 == hunk.new.len();
            match same {
                Some(skipped) if !(last && at_end) => {
                    made.push(kept.nth(skipped).map_or_else(String::new, |(bytes, _)| with_end(bytes, end)));
                }
                _ => {
                    let open = last && at_end && (hunk.new_open || (!hunk.old_open && is_open(old) && old_last_stays(hunk)));
                    made.push(if open { line.clone() } else { format!("{line}{end}") });
                }
            }
        }
        // A line without an end, behind which something was put.
        if place == lines.len() && !hunk.new.is_empty() {
            let before = made.len() - hunk.new.len();
            if let Some(line) = before.checked_sub(1).and_then(|at| made.get_mut(at)) {
                *line = with_end(line, end);
            }
        }
        done = place + hunk.old.len();
    }
    made.extend(lines.drain(done..).map(str::to_owned));
    Ok((made.concat().into_bytes(), changed))
}

/// Whether the last line of the file, without an end, stays as it is.
fn old_last_stays(hunk: &Hunk) -> bool {
    hunk.old.last() == hunk.new.last()
}

fn is_open(lines: &[&str]) -> bool {
    lines.last().is_some_and(|line| !line.ends_with('\n'))
}

fn with_end(line: &str, end: &str) -> String {
    if line.ends_with('\n') { line.to_owned() } else { format!("{line}{end}") }
}

fn bare(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Where a hunk stands in a file: exactly where it says, or else at the only place where it fits.
fn find(lines: &[&str], from: usize, hunk: &Hunk, shift: isize) -> Result<usize, Fault> {
    let old: Vec<&str> = hunk.old.iter().map(|line| bare(line)).collect();
    if old.is_empty() {
        // Only new lines: the number says after which line they come.
        if !hunk.numbered {
            return Err(
                "the hunk has only new lines, and does not say where in `FILE` they go: give lines around them".to_owned()
            );
        }
        return match hunk.at {
            at if (from..=lines.len()).contains(&at) => Ok(at),
            at => Err(format!("the hunk puts lines after line {at} of `FILE`, which has {} lines", lines.len())),
        };
    }
    let fits = |at: usize| {
        lines.get(at..at + old.len()).is_some_and(|part| part.iter().map(|line| bare(line)).eq(old.iter().copied()))
    };
    let said = hunk.at.checked_sub(1).and_then(|at| at.checked_add_signed(shift));
    let plain = hunk.at.checked_sub(1);
    if let Some(at) = [said, plain].into_iter().flatten().find(|at| *at >= from && fits(*at)) {
        return Ok(at);
    }
    let places: Vec<usize> = (from..lines.len()).filter(|at| fits(*at)).take(11).collect();
    match places.as_slice() {
        [only] => Ok(*only),
        [] => Err(missing(lines, from, &old, said)),
        several => {
            let told: Vec<String> = several.iter().take(10).map(|at| (at + 1).to_string()).collect();
            let told = told.join(", ");
            Err(format!("the hunk fits `FILE` at several places, at lines {told}: give more lines around it, or its line"))
        }
    }
}

/// What stands at the place where a hunk comes nearest to fitting.
fn missing(lines: &[&str], from: usize, old: &[&str], said: Option<usize>) -> Fault {
    let common = |at: usize| lines[at..].iter().zip(old).take_while(|(line, old)| bare(line) == **old).count();
    let said = said.filter(|at| *at >= from && *at < lines.len());
    let best = (from..lines.len()).take(50_000).max_by_key(|at| (common(*at), Some(*at) == said, std::cmp::Reverse(*at)));
    let Some(at) = best else {
        return format!("the hunk has {} old lines, and `FILE` has {} lines", old.len(), lines.len());
    };
    let fitting = common(at);
    let at = if fitting == 0 { said.unwrap_or(at) } else { at };
    let fitting = common(at);
    let short = |text: &str| text.chars().take(120).collect::<String>();
    let expected = short(old.get(fitting).copied().unwrap_or_default());
    match lines.get(at + fitting) {
        Some(line) => format!(
            "the hunk does not fit `FILE`: at its line {} stands `{}`, and the hunk has `{expected}`",
            at + fitting + 1,
            short(bare(line))
        ),
        None => {
            format!("the hunk does not fit `FILE`: it ends at line {}, and the hunk goes on with `{expected}`", lines.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(patch: &str, content: &str) -> Result<String, Fault> {
        let files = read(patch)?;
        let What::Change(hunks) = &files[0].what else { panic!("{files:?}") };
        applied(content.as_bytes(), hunks, &files[0].path).map(|(made, _)| String::from_utf8(made).unwrap())
    }

    const HEAD: &str = "--- a/f\n+++ b/f\n";
    const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

    #[test]
    fn hunks_change_what_they_say() {
        let patch = format!(
            "diff --git a/f b/f\nindex 1..2\n{HEAD}@@ -2,3 +2,3 @@ words\n 2\n-3\n+drei\n 4\n@@ -8,2 +8,3 @@\n 8\n+8b\n 9\n"
        );
        assert_eq!(change(&patch, TEN).unwrap(), "1\n2\ndrei\n4\n5\n6\n7\n8\n8b\n9\n10\n");
        // Numbers and counts that are wrong, and none.
        for head in ["@@ -40,9 +2,1 @@", "@@ @@", "@@"] {
            assert_eq!(
                change(&format!("{HEAD}{head}\n 2\n-3\n+drei\n 4\n\n"), TEN).unwrap(),
                TEN.replace("3\n", "drei\n"),
                "{head}"
            );
        }
        let behind = format!("{HEAD}@@ -10,0 +11,1 @@\n+11\n");
        assert_eq!(change(&behind, TEN).unwrap(), format!("{TEN}11\n"));
        let before = format!("{HEAD}@@ -0,0 +1,1 @@\n+0\n");
        assert_eq!(change(&before, TEN).unwrap(), format!("0\n{TEN}"));
    }

    #[test]
    fn line_ends_are_kept() {
        let patch = format!("{HEAD}@@ -1,2 +1,2 @@\n a\n-b\n+B\n");
        assert_eq!(change(&patch, "a\r\nb\r\nc\r\n").unwrap(), "a\r\nB\r\nc\r\n");
        assert_eq!(change(&patch, "a\nb").unwrap(), "a\nB\n");
        let open =
            format!("{HEAD}@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n");
        assert_eq!(change(&open, "a\nb").unwrap(), "a\nB");
        let closes = format!("{HEAD}@@ -1,1 +1,2 @@\n a\n+b\n");
        assert_eq!(change(&closes, "a").unwrap(), "a\nb\n");
        let above = format!("{HEAD}@@ -1,2 +1,2 @@\n-a\n+A\n b\n");
        assert_eq!(change(&above, "a\nb").unwrap(), "A\nb");
    }

    #[test]
    fn faults_name_the_line_of_the_patch_and_of_the_file() {
        let fault = |body: &str| change(&format!("{HEAD}{body}"), TEN).unwrap_err();
        assert_eq!(
            fault("@@ -2,3 +2,3 @@\n 2\n-drei\n+3\n 4\n"),
            "line 3: the hunk does not fit `f`: at its line 3 stands `3`, and the hunk has `drei`"
        );
        assert_eq!(
            fault("@@ -9,3 +9,2 @@\n 9\n 10\n-11\n"),
            "line 3: the hunk does not fit `f`: it ends at line 10, and the hunk goes on with `11`"
        );
        assert_eq!(fault("@@ -1,1 +1,1 @@\n-1\n+1\n"), "line 3: the hunk changes nothing");
        assert_eq!(fault("@@ -1,2 +1,1 @@\nabc\n"), "line 4: `abc` begins neither with ` `, `-` nor `+`");
        assert_eq!(
            change(&format!("{HEAD}@@ -9,1 +9,1 @@\n-x\n+y\n"), "x\na\nx\n").unwrap_err(),
            "line 3: the hunk fits `f` at several places, at lines 1, 3: give more lines around it, or its line"
        );
        assert_eq!(read("@@ -1 +1 @@\n-a\n").unwrap_err(), "line 1: a hunk without `--- FILE` and `+++ FILE` before it");
        assert_eq!(
            read("--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n").unwrap_err(),
            "line 1: `f` would become `g`: a patch renames no files"
        );
        assert!(read("*** Begin Patch\n*** Update File: f\n").unwrap_err().starts_with("line 1: this is no unified diff"));
        assert!(read("hello").unwrap_err().starts_with("there is no file in it"));
        let twice = format!("{HEAD}@@ -1 +1 @@\n-a\n+b\n");
        assert_eq!(read(&format!("{twice}{twice}")).unwrap_err(), "line 6: `f` stands in the patch already, at line 1");
    }

    #[test]
    fn files_are_made_and_removed() {
        let files =
            read("--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+a\n+-- b\n--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
                .unwrap();
        let What::Create(hunks) = &files[0].what else { panic!("{files:?}") };
        assert_eq!((files[0].path.as_str(), created(hunks)), ("new", b"a\n-- b\n".to_vec()));
        assert!(matches!(&files[1].what, What::Remove(_)) && files[1].path == "old", "{files:?}");
    }
}
