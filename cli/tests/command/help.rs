//! Help that teaches.

use crate::luqi;

#[test]
fn every_subcommand_teaches_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 23] = [
        &[],
        &["keygen"],
        &["genesis"],
        &["genesis", "apply"],
        &["genesis", "collect"],
        &["genesis", "show"],
        &["genesis", "install"],
        &["testnet"],
        &["node"],
        &["node", "forget"],
        &["devnet"],
        &["submit"],
        &["status"],
        &["verify-evidence"],
        &["audit"],
        &["member"],
        &["member", "propose"],
        &["member", "approve"],
        &["member", "join"],
        &["member", "seal-vrf"],
        &["sample"],
        &["completions"],
        &["man"],
    ];
    for command in commands {
        let output = luqi(folder.path(), &[command, &["--help"]].concat());
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("  luqi "), "{command:?} shows no example");
        assert!(!text.contains('\u{1b}'), "colours without a terminal");
    }
}

#[test]
fn completions_and_manual_pages() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = luqi(folder.path(), &["completions", shell]);
        assert!(String::from_utf8(output.stdout).unwrap().contains("testnet"), "{shell}");
    }
    assert_eq!(luqi(folder.path(), &["man", "pages"]).status.code(), Some(0));
    assert!(folder.path().join("pages/luqi-genesis-apply.1").exists());
    assert_eq!(luqi(folder.path(), &["crown"]).status.code(), Some(2));
}
