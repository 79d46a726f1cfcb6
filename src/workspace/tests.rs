//! Hostile paths, and what is kept when a file is replaced.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A folder with a workspace `inside` and a secret beside it.
fn house() -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inside")).unwrap();
    fs::write(folder.path().join("secret"), "canary").unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/file"), "canary").unwrap();
    let workspace = Workspace::open(&folder.path().join("inside")).unwrap();
    (folder, workspace)
}

fn said<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    format!("{}: {}", error.code.word(), error.message)
}

#[test]
fn no_path_leads_out() {
    let (folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    fs::create_dir(root.join("sub")).unwrap();
    symlink("../secret", root.join("relative")).unwrap();
    symlink(folder.path().join("secret"), root.join("absolute")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("/proc/self/root", root.join("proc")).unwrap();
    symlink("/dev/zero", root.join("zero")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    let secret = folder.path().canonicalize().unwrap().join("secret");
    let hostile = [
        "../secret",
        "sub/../../secret",
        "/etc/passwd",
        "/proc/self/root/etc/passwd",
        secret.to_str().unwrap(),
        "relative",
        "absolute",
        "up/secret",
        "proc/etc/passwd",
        "zero",
        "loop",
        "sub/../relative",
    ];
    for path in hostile {
        assert_eq!(workspace.open_file(path).unwrap_err().code, ErrorCode::Forbidden, "read {path}");
        assert_eq!(workspace.write(path, b"x").unwrap_err().code, ErrorCode::Forbidden, "write {path}");
    }
    assert_eq!(said(workspace.open_file("up/secret")), "forbidden: `up/secret` leads out of the workspace");
    for path in ["up", "up/outside", "proc"] {
        assert_eq!(workspace.walk(path, WalkOptions::default()).err().unwrap().code, ErrorCode::Forbidden, "{path}");
    }
    assert_eq!(said(workspace.write("up/outside/new", b"x")), "forbidden: `up/outside/new` leads out of the workspace");
    assert_eq!(said(workspace.open_file("a\0b")), "invalid_input: path `a\\u{0}b` holds a NUL");
    assert_eq!(said(workspace.open_file("")), "invalid_input: the path is empty");
    assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "canary");
    assert_eq!(fs::read_dir(folder.path().join("outside")).unwrap().count(), 1);
}

#[test]
fn a_link_that_is_swapped_while_we_work_never_leads_out() {
    let (folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    fs::create_dir(root.join("real")).unwrap();
    fs::write(root.join("real/file"), "fine").unwrap();
    symlink("real", root.join("way")).unwrap();
    let outside = folder.path().join("outside");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for target in [outside.as_path(), Path::new("real")] {
                    let _ = fs::remove_file(root.join("new"));
                    symlink(target, root.join("new")).unwrap();
                    fs::rename(root.join("new"), root.join("way")).unwrap();
                }
            }
        });
        let (mut read, mut refused) = (0, 0);
        // Until both have been seen, and for a while at least.
        for round in 0..1_000_000 {
            match workspace.read("way/file", 100) {
                Ok(content) => {
                    assert!(content == b"fine" || content == b"written", "escaped: {content:?}");
                    read += 1;
                }
                Err(_) => refused += 1,
            }
            if round % 10 == 0 {
                let _ = workspace.write("way/file", b"written");
            }
            if round > 2_000 && read > 0 && refused > 0 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(read > 0 && refused > 0, "{read} {refused}");
    });
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "canary");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "nothing was left outside");
}

#[test]
fn absolute_paths_and_links_inside_are_the_workspace() {
    let (folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    fs::create_dir(root.join("sub")).unwrap();
    fs::write(root.join("sub/file"), "fine").unwrap();
    symlink("sub", root.join("link")).unwrap();
    symlink("sub/file", root.join("direct")).unwrap();
    symlink(root.join("sub"), folder.path().join("other-name")).unwrap();
    let absolute = root.join("sub/file");
    for path in ["sub/file", "./sub//file", "link/file", "direct", "sub/../sub/file", absolute.to_str().unwrap()] {
        assert_eq!(workspace.read(path, 10).unwrap(), b"fine", "{path}");
    }
    // The name by which the workspace was opened works too.
    let by_link = Workspace::open(&folder.path().join("other-name")).unwrap();
    assert_eq!(by_link.root(), root.join("sub"));
    let given = folder.path().join("other-name/file");
    assert_eq!(by_link.read(given.to_str().unwrap(), 10).unwrap(), b"fine");
    assert_eq!(workspace.relative(root.to_str().unwrap()).unwrap(), Path::new("."));
}

#[cfg(target_os = "linux")]
#[test]
fn only_regular_files_are_opened_and_nothing_waits() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let (_folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _listener = UnixListener::bind(root.join("socket")).unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    symlink("pipe", root.join("link")).unwrap();
    let message = "is no regular file but a pipe, a socket or a device; it is not opened";
    for path in ["pipe", "link", "socket"] {
        assert_eq!(said(workspace.open_file(path)), format!("invalid_input: `{path}` {message}"));
        assert_eq!(workspace.write(path, b"x").unwrap_err().code, ErrorCode::InvalidInput, "{path}");
    }
    assert_eq!(said(workspace.open_file("sub")), "invalid_input: `sub` is a folder, not a file");
    assert_eq!(said(workspace.write("sub", b"x")), "invalid_input: `sub` is a folder, not a file");
    assert_eq!(said(workspace.write(".", b"x")), "invalid_input: `.` is a folder, not a file");
    assert_eq!(said(workspace.open_file("none")), "not_found: `none` does not exist");
}

#[test]
fn a_sparse_file_costs_no_memory() {
    let (_folder, workspace) = house();
    fs::File::create(workspace.root().join("large")).unwrap().set_len(10 << 30).unwrap();
    assert_eq!(said(workspace.read("large", 1_000)), "too_large: `large` is larger than 1000 bytes");
    assert_eq!(workspace.entry_size(Path::new("large")).unwrap(), (Kind::File, 10 << 30));
}

#[test]
fn a_write_is_whole_and_keeps_the_bits() {
    let (_folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    let written = workspace.write("a/b/new", b"one").unwrap();
    assert_eq!(written, Written { path: PathBuf::from("a/b/new"), created: true });
    fs::set_permissions(root.join("a/b/new"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("b/new", root.join("a/link")).unwrap();
    let written = workspace.write("a/link", b"two").unwrap();
    assert_eq!(written, Written { path: PathBuf::from("a/b/new"), created: false });
    assert_eq!(fs::read(root.join("a/b/new")).unwrap(), b"two");
    assert_eq!(fs::metadata(root.join("a/b/new")).unwrap().permissions().mode() & 0o777, 0o750);
    assert!(fs::symlink_metadata(root.join("a/link")).unwrap().is_symlink(), "the link is still a link");
    assert_eq!(fs::read_dir(root.join("a/b")).unwrap().count(), 1, "no temporary file is left");
    symlink("nothing", root.join("dangling")).unwrap();
    let message = "forbidden: `dangling` is a symbolic link to something that does not exist";
    assert_eq!(said(workspace.write("dangling", b"x")), message);
    assert_eq!(said(workspace.write("a/b/new/c", b"x")).split(':').next(), Some("invalid_input"));
    let large = vec![b'x'; Workspace::WRITE_BYTES + 1];
    assert_eq!(workspace.write("large", &large).unwrap_err().code, ErrorCode::TooLarge);
}

fn walked(workspace: &Workspace, path: &str, options: WalkOptions) -> Vec<String> {
    workspace.walk(path, options).unwrap().map(|entry| format!("{:?} {}", entry.kind, shown(entry.path))).collect()
}

#[test]
fn walking_honours_ignore_files_and_follows_no_link() {
    let (_folder, workspace) = house();
    let root = workspace.root().to_path_buf();
    for folder in ["src", "target/deep", ".git"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for file in ["src/a.rs", "src/b.log", "target/deep/out", ".git/config", ".env"] {
        fs::write(root.join(file), "").unwrap();
    }
    fs::write(root.join(OsStr::from_bytes(b"new\nline\xff")), "").unwrap();
    fs::write(root.join(".gitignore"), "/target\n*.log\n").unwrap();
    symlink("..", root.join("up")).unwrap();
    let all = ["File .env", "File .gitignore", "File new\\nline\\xff", "Folder src", "File src/a.rs", "Link up"];
    assert_eq!(walked(&workspace, ".", WalkOptions::default()), all);
    assert_eq!(walked(&workspace, "src", WalkOptions::default()), ["File src/a.rs"]);
    let flat = WalkOptions { depth: Some(1), include_ignored: false };
    assert_eq!(walked(&workspace, "src", flat), ["File src/a.rs"]);
    assert_eq!(walked(&workspace, ".", flat).len(), 5);
    let everything = WalkOptions { depth: None, include_ignored: true };
    assert_eq!(walked(&workspace, "src", everything), ["File src/a.rs", "File src/b.log"]);
    // What somebody names is shown although it is ignored.
    assert_eq!(walked(&workspace, "target", WalkOptions::default()), ["Folder target/deep", "File target/deep/out"]);
    assert_eq!(walked(&workspace, "target/deep", flat), ["File target/deep/out"]);
    assert_eq!(walked(&workspace, ".git", WalkOptions::default()), ["File .git/config"]);
    let names: Vec<String> = workspace.names(Path::new("src"), 10).unwrap().iter().map(shown).collect();
    assert_eq!(names, ["a.rs", "b.log"]);
}

#[test]
fn a_workspace_in_a_repository_is_told_by_the_repositorys_ignore_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    fs::create_dir_all(folder.path().join("part/node_modules")).unwrap();
    fs::write(folder.path().join(".gitignore"), "node_modules\n").unwrap();
    fs::write(folder.path().join("part/node_modules/x"), "").unwrap();
    fs::write(folder.path().join("part/index.js"), "").unwrap();
    let workspace = Workspace::open(&folder.path().join("part")).unwrap();
    assert_eq!(walked(&workspace, ".", WalkOptions::default()), ["File index.js"]);
}

#[test]
fn a_workspace_needs_a_folder() {
    let (folder, _) = house();
    assert_eq!(Workspace::open(Path::new("here")).unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(Workspace::open(&folder.path().join("secret")).unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(Workspace::open(&folder.path().join("none")).unwrap_err().code, ErrorCode::NotFound);
}
