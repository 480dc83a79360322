use super::*;
use ledger_core::annex::{Config, Date, MessageKind};
use ledger_core::codec::Text;
use ledger_core::fixture;
use ledger_core::names::Timestamp;
use ledger_core::record::Arrival;
use std::fs;
use std::path::PathBuf;

const MARK: &str = "王小明";
const NUMBER: &str = "LQ-7700418";

/// A renewal whose plaintext can be told.
fn record(number: u64) -> (Record, Subject) {
    let text = format!(
        r#"{{"单位统一信用代码":"91370102MAFAKE019M","续签合同信息列表":[{{"合同编号":"{NUMBER}-{number}-{MARK}",
        "合同期限类别":"2","合同期限起始日期":"20250301","原合同签订日期":"20240301","单位签订日期":"20250301",
        "个人签订日期":"20250301"}}]}}"#
    );
    let config = Config::new(Date::new(2026, 1, 1).unwrap());
    let message = ledger_core::annex::parse(text.as_bytes(), Some(MessageKind::Renew), &config).unwrap();
    let item = message.outcomes[0].item.clone().unwrap();
    let (received, tables) = (Timestamp(1_764_000_000_000), Text::new("1").unwrap());
    let arrival = Arrival { received, tables, platform: None, signature: None };
    (Record::of_item(&item, text.as_bytes(), &arrival).unwrap(), fixture::subject(number))
}

fn records(numbers: std::ops::Range<u64>) -> Vec<(Record, Subject)> {
    numbers.map(record).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn check_holds(vault: &Vault, sealed: &[Sealed], from: u64) {
    for (sealed, number) in sealed.iter().zip(from..) {
        let opened = vault.reveal(&sealed.commitment).unwrap();
        assert_eq!((opened.record, opened.subject), record(number));
        assert_eq!(vault.find(&handle(&sealed.commitment)), Some(*sealed));
    }
}

#[test]
fn what_is_sealed_is_revealed_now_and_after_opening_again() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open_with(home.path(), 2048).unwrap();
    let mut sealed = vault.seal_batch(&records(0..20)).unwrap();
    check_holds(&vault, &sealed, 0);
    vault.sync().unwrap();
    sealed.extend(vault.seal_batch(&records(20..30)).unwrap());
    vault.sync().unwrap();
    assert!(pack::numbers(&home.path().join("packs")).unwrap().len() > 2, "packs are closed when full");
    for _ in 0..2 {
        drop(vault);
        vault = Vault::open_with(home.path(), 2048).unwrap();
        assert_eq!(vault.len(), 30);
        check_holds(&vault, &sealed, 0);
    }
    drop(vault);
    // The index says nothing that the packs do not say.
    fs::remove_file(home.path().join("index")).unwrap();
    check_holds(&Vault::open_with(home.path(), 2048).unwrap(), &sealed, 0);
    let unknown = Commitment([9; 32]);
    let vault = Vault::open(home.path()).unwrap();
    assert!(matches!(vault.reveal(&unknown), Err(VaultError::NotHere(found)) if found == unknown));
    assert!(matches!(Vault::open(home.path()), Err(VaultError::File(IoError::InUse { .. }))));
}

#[test]
fn no_byte_of_the_folder_and_no_error_shows_plaintext() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let sealed = vault.seal_batch(&records(0..5)).unwrap();
    vault.sync().unwrap();
    vault.rotate().unwrap();
    let opened = vault.reveal(&sealed[0].commitment).unwrap();
    let secret = *opened.secret.as_bytes();
    let said = format!("{vault:?} {opened:?} {:?} {}", record(0).0, VaultError::NotHere(sealed[0].commitment));
    for path in files(home.path()) {
        let bytes = fs::read(&path).unwrap();
        for mark in [MARK.as_bytes(), NUMBER.as_bytes(), b"91370102MAFAKE019M", b"20250301", &secret] {
            assert!(!bytes.windows(mark.len()).any(|window| window == mark), "{}", path.display());
        }
        if path.extension().is_some_and(|extension| extension == "key") {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    assert!(!said.contains(MARK) && !said.contains(NUMBER), "{said}");
}

/// Copies a vault's folder.
fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

/// A crash: what was synced is there whole; of each file, what was written later is there to any length.
#[test]
fn a_crash_at_any_length_keeps_what_was_synced_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let sealed = vault.seal_batch(&records(0..3)).unwrap();
    vault.sync().unwrap();
    drop(vault);
    let names = ["keys", "packs/000001.pack", "index"];
    let durable: Vec<_> = names.map(|name| fs::metadata(home.path().join(name)).unwrap().len()).to_vec();
    let mut vault = Vault::open(home.path()).unwrap();
    vault.seal_batch(&records(3..5)).unwrap();
    vault.sync().unwrap();
    drop(vault);
    let ends: Vec<_> = names.map(|name| fs::metadata(home.path().join(name)).unwrap().len()).to_vec();
    for (place, name) in names.iter().enumerate() {
        let step = if place == 1 { 7 } else { 5 };
        for length in (durable[place]..=ends[place]).step_by(step) {
            let crashed = tempfile::tempdir().unwrap();
            copy(home.path(), crashed.path());
            // Files are synced in the order of `names`: those after this one were not written at all.
            for (later, name) in names.iter().enumerate().skip(place) {
                let length = if later == place { length } else { durable[later] };
                let file = fs::OpenOptions::new().write(true).open(crashed.path().join(name)).unwrap();
                file.set_len(length).unwrap();
            }
            let mut vault = Vault::open(crashed.path()).unwrap();
            check_holds(&vault, &sealed, 0);
            let again = vault.seal_batch(&records(5..7)).unwrap();
            vault.sync().unwrap();
            drop(vault);
            let vault = Vault::open(crashed.path()).unwrap();
            check_holds(&vault, &sealed, 0);
            check_holds(&vault, &again, 5);
            assert!((5..=7).contains(&vault.len()), "{name} at {length}");
        }
    }
}

#[test]
fn a_changed_bit_is_found() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let sealed = vault.seal_batch(&records(0..2)).unwrap();
    vault.sync().unwrap();
    drop(vault);
    for name in ["keys", "packs/000001.pack"] {
        let good = fs::read(home.path().join(name)).unwrap();
        for at in (0..good.len()).step_by(3) {
            let changed = tempfile::tempdir().unwrap();
            copy(home.path(), changed.path());
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(changed.path().join(name), bytes).unwrap();
            let Ok(vault) = Vault::open(changed.path()) else { continue };
            let revealed: Vec<_> = sealed.iter().map(|sealed| vault.reveal(&sealed.commitment)).collect();
            assert!(revealed.iter().any(Result::is_err), "{name}, byte {at}");
            for (opened, number) in revealed.into_iter().zip(0..) {
                assert!(opened.is_err() || opened.is_ok_and(|opened| opened.record == record(number).0));
            }
        }
    }
}

#[test]
fn rotation_seals_every_secret_again_and_destroys_the_old_key() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let mut sealed = vault.seal_batch(&records(0..4)).unwrap();
    vault.sync().unwrap();
    let before = (fs::read(home.path().join("keys")).unwrap(), fs::read(home.path().join("kek-1.key")).unwrap());
    vault.rotate().unwrap();
    check_holds(&vault, &sealed, 0);
    sealed.extend(vault.seal_batch(&records(4..6)).unwrap());
    vault.sync().unwrap();
    drop(vault);
    assert!(!home.path().join("kek-1.key").exists());
    let after = fs::read(home.path().join("keys")).unwrap();
    for slot in before.0[16..].chunks(72) {
        assert!(!after.windows(slot.len()).any(|window| window == slot));
    }
    check_holds(&Vault::open(home.path()).unwrap(), &sealed, 0);

    // A crash before the new file took its place: the key that it was for is destroyed, the old one holds.
    let half = tempfile::tempdir().unwrap();
    copy(home.path(), half.path());
    fs::copy(half.path().join("kek-2.key"), half.path().join("kek-3.key")).unwrap();
    fs::write(half.path().join("keys.new"), &after[..100]).unwrap();
    check_holds(&Vault::open(half.path()).unwrap(), &sealed, 0);
    assert!(!half.path().join("kek-3.key").exists());

    // An older key file is told, and nothing is destroyed over it.
    fs::write(home.path().join("keys"), &before.0).unwrap();
    assert!(Vault::open(home.path()).is_err());
    assert!(home.path().join("kek-2.key").exists());
    fs::write(home.path().join("keys"), &after[..after.len() - 72]).unwrap();
    assert!(matches!(Vault::open(home.path()), Err(VaultError::KeysMissing { found: 5, wanted: 6, .. })));
    fs::remove_file(home.path().join("keys")).unwrap();
    assert!(matches!(Vault::open(home.path()), Err(VaultError::KeysMissing { .. })));
    assert!(home.path().join("kek-2.key").exists());
}

#[test]
fn a_destroyed_secret_is_an_erased_record() {
    let home = tempfile::tempdir().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let sealed = vault.seal_batch(&records(0..2)).unwrap();
    vault.sync().unwrap();
    let path = home.path().join("keys");
    let mut bytes = fs::read(&path).unwrap();
    bytes[16..88].fill(0);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(vault.reveal(&sealed[0].commitment), Err(VaultError::Erased(_))));
    vault.rotate().unwrap();
    assert!(matches!(vault.reveal(&sealed[0].commitment), Err(VaultError::Erased(_))));
    assert!(vault.reveal(&sealed[1].commitment).is_ok());
}
