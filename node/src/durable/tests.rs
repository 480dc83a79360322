use super::*;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn folders_are_their_owners_and_one_that_is_there_stays() {
    let root = tempfile::tempdir().unwrap();
    let deep = root.path().join("a/b/c");
    make_folder(&deep).unwrap();
    for folder in [deep.as_path(), deep.parent().unwrap(), &root.path().join("a")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o750)).unwrap();
    make_folder(&deep).unwrap();
    assert_eq!(mode(&deep), 0o750);
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = make_folder(&file.join("under")).unwrap_err().to_string();
    assert!(error.contains("make the folder") && error.contains("file/under"), "{error}");
}

#[test]
fn a_file_is_replaced_whole_or_stays_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("it");
    let write = |text: &'static str, fails: bool| {
        replace(&path, |to| {
            to.write_all(text.as_bytes()).map_err(IoError::io("write", &path))?;
            if fails { Err(IoError::malformed(&path, "no")) } else { Ok(()) }
        })
    };
    write("one", false).unwrap();
    write("two, which is longer", false).unwrap();
    assert!(matches!(write("three", true), Err(IoError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "two, which is longer");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_is_made_once_is_never_made_again() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("it");
    // Half of it, from a process that died.
    fs::write(path.with_extension("new"), "ha").unwrap();
    assert!(create_new(&path, 0o600, b"first").unwrap());
    assert!(!create_new(&path, 0o644, b"second").unwrap());
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"first".to_vec(), 0o600));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn reading_is_bounded_and_a_file_that_is_not_there_is_told_from_one_that_cannot_be_read() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("it");
    assert!(if_there(read(&path, 9)).unwrap().is_none());
    fs::write(&path, "0123456789").unwrap();
    assert_eq!(read(&path, 10).unwrap(), b"0123456789");
    assert_eq!(read_start(&path, 4).unwrap(), b"0123");
    let long = read(&path, 9).unwrap_err();
    assert!(matches!(&long, IoError::Malformed { why, .. } if why.contains("9 bytes")), "{long}");
    assert!(if_there(read(root.path(), 9)).is_err(), "a folder is no file");
    append_line(&path, "!\n").unwrap();
    append_line(&root.path().join("other"), "a\n").unwrap();
    assert_eq!(read(&path, 99).unwrap(), b"0123456789!\n");
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_lock_is_one_processs_and_names_it() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("lock");
    let held = lock(&path).unwrap();
    let by = std::process::id();
    assert!(matches!(lock(&path), Err(IoError::InUse { by: Some(of), .. }) if of == by));
    drop(held);
    drop(lock(&path).unwrap());
}

#[test]
fn slots_are_written_in_turn_and_a_short_file_is_told() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("it");
    let slots = Slots::create(&path, |file| {
        assert_eq!(file.metadata().unwrap().len(), 0, "the file that will have the name");
        Ok::<_, IoError>([[1; SLOT], [2; SLOT]])
    });
    let slots = slots.unwrap();
    slots.write(4, &[3; SLOT]).unwrap();
    assert_eq!(Slots::read(&path).unwrap(), ([[3; SLOT], [2; SLOT]], true));
    Slots::open(&path).unwrap().write(5, &[4; SLOT]).unwrap();
    assert_eq!(Slots::read(&path).unwrap(), ([[3; SLOT], [4; SLOT]], true));
    for length in [0, 700, 2_000] {
        fs::write(&path, vec![9; length]).unwrap();
        let (read, is_whole) = Slots::read(&path).unwrap();
        assert!(!is_whole, "{length}");
        assert_eq!(read[1][SLOT - 1], if length > 1_000 { 9 } else { 0 });
    }
}

#[test]
fn a_machine_that_refuses_is_told_from_bytes_that_are_wrong() {
    let io = |error: std::io::Error| IoError::io("read", Path::new("file"))(error).is_of_the_machine();
    // EPERM, EIO, EMFILE, EACCES, ENOSPC, EROFS
    for code in [1, 5, 24, 13, 28, 30] {
        assert!(io(std::io::Error::from_raw_os_error(code)), "{code}");
    }
    for kind in [std::io::ErrorKind::UnexpectedEof, std::io::ErrorKind::InvalidData, std::io::ErrorKind::Other] {
        assert!(!io(kind.into()), "{kind:?}");
    }
    assert!(!IoError::malformed(Path::new("file"), "no").is_of_the_machine());
}
