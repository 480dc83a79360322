use super::*;
use crate::ceremony::{Applicant, Founding, MemberKeys, collect, short_hash};
use crate::keys::{draw_vrf, system_rng};
use ledger_core::genesis::{Application, GenesisDraft};
use ledger_core::names::Timestamp;

/// Three members, the province last to apply, with two nodes.
fn members() -> Vec<(MemberKeys, Application)> {
    [("370200", vec![1]), ("370100", vec![1]), ("370000", vec![1, 0])]
        .map(|(code, powers)| {
            let keys = MemberKeys::draw(powers.len(), &mut system_rng());
            let who = Applicant { code: code.parse().unwrap(), name_zh: "某市", name_en: "City", powers: &powers };
            let application = keys.apply(&who).unwrap();
            (keys, application)
        })
        .into()
}

fn genesis_of(members: &[(MemberKeys, Application)]) -> Genesis {
    let applications: Vec<Application> = members.iter().map(|(_, application)| application.clone()).collect();
    collect(&applications, Founding::new("test.luqi.example", Timestamp(1)), &mut system_rng()).unwrap()
}

struct Bed {
    folder: tempfile::TempDir,
    genesis: Genesis,
    keys: MemberKeys,
}

/// A prepared home of 370200 and a genesis that names it.
fn bed() -> Bed {
    let mut members = members();
    let genesis = genesis_of(&members);
    let (keys, _) = members.swap_remove(0);
    let folder = tempfile::tempdir().unwrap();
    keys.prepare(0, &folder.path().join("home")).unwrap();
    Bed { folder, genesis, keys }
}

impl Bed {
    fn root(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

#[test]
fn a_home_is_prepared_installed_and_opened() {
    let bed = bed();
    let root = bed.root();
    assert!(matches!(Home::open(&root), Err(HomeError::NotInstalled(_))));
    let made = Home::install(&root, bed.genesis.clone()).unwrap();
    let home = Home::open(&root).unwrap();
    assert_eq!(home.genesis(), &bed.genesis);
    assert_eq!((home.chain_id(), home.node()), (bed.genesis.chain_id(), made.node()));
    // The province and its two nodes come first, then 370100.
    assert_eq!((home.node(), home.member()), (NodeNumber(4), "370200".parse().ok()));
    let keys = home.load_keys().unwrap();
    assert_eq!(keys.node.list(), bed.keys.nodes[0].list());
    assert_eq!(keys.vrf.public(), bed.genesis.vrf);
    for folder in [home.ledger(), home.vault(), home.intake()] {
        assert!(folder.is_dir());
    }
    assert!(matches!(Home::install(&root, bed.genesis.clone()), Err(HomeError::Exists(_))));
    assert!(matches!(bed.keys.prepare(0, &root), Err(HomeError::Exists(_))));
}

#[test]
fn an_install_that_was_cut_short_is_repeated() {
    let bed = bed();
    let first = Home::install(&bed.root(), bed.genesis.clone()).unwrap();
    fs::remove_file(bed.root().join("format")).unwrap();
    assert!(matches!(Home::open(&bed.root()), Err(HomeError::NotInstalled(_))));
    assert_eq!(Home::install(&bed.root(), bed.genesis.clone()).unwrap().node(), first.node());
}

#[test]
fn a_genesis_that_does_not_fit_is_refused() {
    let bed = bed();
    let other = genesis_of(&members());
    assert!(matches!(Home::install(&bed.root(), other), Err(HomeError::NotNamed(_))));
    let mut boxes = bed.genesis.sealed_vrf.to_vec();
    boxes.rotate_left(1);
    for (sealed, member) in boxes.iter_mut().zip(bed.genesis.membership.members()) {
        sealed.member = member.code;
    }
    let sealed_vrf = ledger_core::codec::List::new(boxes).unwrap();
    let swapped = Genesis::new(GenesisDraft { sealed_vrf, ..bed.genesis.draft().clone() }).unwrap();
    assert!(matches!(Home::install(&bed.root(), swapped), Err(HomeError::NoVrf(_))));
    assert!(!format_file(&bed.root()).exists());
}

#[test]
fn what_is_no_home_of_this_chain_is_told_apart() {
    let bed = bed();
    let root = bed.root();
    let nothing = bed.folder.path().join("nothing");
    assert!(matches!(Home::open(&nothing), Err(HomeError::NoHome(_))));
    assert!(matches!(Home::install(&nothing, bed.genesis.clone()), Err(HomeError::NoHome(_))));
    let home = Home::install(&root, bed.genesis.clone()).unwrap();
    assert!(home.expect_chain(home.chain_id()).is_ok());
    assert!(matches!(home.expect_chain(ChainId([1; 32])), Err(HomeError::OtherChain { .. })));

    let format = |layout: u32, node: u32| {
        let text = format!(r#"{{"layout": {layout}, "chain_id": "{}", "node": {node}}}"#, bed.genesis.chain_id());
        fs::write(root.join("format"), text).unwrap();
        Home::open(&root)
    };
    assert!(format(1, 4).is_ok());
    assert!(matches!(format(2, 4), Err(HomeError::NewerLayout { found: 2, .. })));
    assert!(matches!(format(1, 9), Err(HomeError::UnknownNode { .. })));
    fs::write(root.join("format"), r#"{"layout": 7, "what": "comes"}"#).unwrap();
    assert!(matches!(Home::open(&root), Err(HomeError::NewerLayout { found: 7, .. })));
    fs::write(root.join("format"), "layout 1").unwrap();
    assert!(matches!(Home::open(&root), Err(HomeError::Malformed { .. })));

    format(1, 4).unwrap();
    write_json(&root.join("genesis.json"), &genesis_of(&members())).unwrap();
    assert!(matches!(Home::open(&root), Err(HomeError::OtherChain { .. })));
}

#[test]
fn a_vrf_key_of_another_network_is_refused() {
    let bed = bed();
    let home = Home::install(&bed.root(), bed.genesis.clone()).unwrap();
    let file = KeyName::Vrf.path(&keys_folder(home.root()));
    fs::remove_file(&file).unwrap();
    assert!(matches!(home.load_keys(), Err(HomeError::Key(KeyFileError::File(_)))));
    write_key(&file, KeyName::Vrf, &draw_vrf(&mut system_rng()).to_bytes()).unwrap();
    assert!(matches!(home.load_keys(), Err(HomeError::OtherVrf(_))));
}

#[test]
fn an_application_that_was_touched_is_refused() {
    let mut members = members();
    members[0].1.member.nodes = ledger_core::codec::List::default();
    let applications: Vec<Application> = members.into_iter().map(|(_, application)| application).collect();
    assert!(collect(&applications, Founding::new("test.luqi.example", Timestamp(1)), &mut system_rng()).is_err());
}

#[test]
fn the_short_hash_is_five_groups() {
    assert_eq!(short_hash(&ChainId([0xab; 32])), "abab-abab-abab-abab-abab");
}

/// A prepared folder of a node that no genesis names.
fn newcomer(bed: &Bed, vault: &VaultSecret) -> PathBuf {
    let root = bed.folder.path().join("newcomer");
    Home::prepare(&root, &NodeKeys::draw(&mut system_rng()), vault).unwrap();
    root
}

#[test]
fn a_new_member_joins_with_the_key_that_another_one_seals_to_it() {
    let bed = bed();
    let home = Home::install(&bed.root(), bed.genesis.clone()).unwrap();
    let vault = VaultSecret::draw(&mut system_rng());
    let root = newcomer(&bed, &vault);
    let join = |node: u32, sealed: Option<&[u8]>| Home::join(&root, bed.genesis.clone(), NodeNumber(node), sealed);
    let sealed = home.seal_vrf(&vault.public(), &mut system_rng()).unwrap();
    let to_another = home.seal_vrf(&VaultSecret::draw(&mut system_rng()).public(), &mut system_rng()).unwrap();
    assert!(matches!(join(5, None), Err(HomeError::NoVrf(_))));
    assert!(matches!(join(5, Some(&to_another)), Err(HomeError::NoVrf(_))));
    assert!(matches!(join(4, Some(&sealed)), Err(HomeError::NumberUsed { .. })));
    join(5, Some(&sealed)).unwrap();
    let joined = Home::open(&root).unwrap();
    assert_eq!((joined.node(), joined.member()), (NodeNumber(5), None));
    assert_eq!(joined.load_keys().unwrap().vrf.public(), bed.genesis.vrf);
    assert!(matches!(join(5, Some(&sealed)), Err(HomeError::Exists(_))));
}

#[test]
fn a_further_node_of_a_member_opens_the_key_of_the_genesis() {
    let bed = bed();
    let root = newcomer(&bed, &bed.keys.vault);
    Home::join(&root, bed.genesis.clone(), NodeNumber(5), None).unwrap();
    assert_eq!(Home::open(&root).unwrap().load_keys().unwrap().vrf.public(), bed.genesis.vrf);
    let named = Home::join(&bed.root(), bed.genesis.clone(), NodeNumber(5), None);
    assert!(matches!(named, Err(HomeError::Named(_))));
}

#[test]
fn a_home_is_closed_to_others_from_the_first_moment_and_refused_where_it_is_not() {
    let bed = bed();
    let root = bed.root();
    let home = Home::install(&root, bed.genesis.clone()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let open_to = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for folder in ["", "keys", "ledger", "vault", "intake"] {
        assert_eq!(mode(&root.join(folder)), 0o700, "{folder}");
    }
    // What others cannot get to may have any mode; what they can may not.
    open_to(&root.join("vault"), 0o755);
    home.load_keys().unwrap();
    open_to(&root, 0o755);
    let why = home.load_keys().unwrap_err();
    assert!(matches!(&why, HomeError::Open { path, mode: 0o755, .. } if path.ends_with("vault")), "{why}");
    open_to(&root.join("vault"), 0o700);
    home.load_keys().unwrap();
}
