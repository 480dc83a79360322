//! Bytes that encode no membership, one for each condition of the format's section 8.

use super::{Cases, counted, place, replaced, with};
use ledger_core::codec::{self, Bytes, List, Text};
use ledger_core::fixture::{self, Network, code, governance_key, node_key};
use ledger_core::membership::{Heir, Membership, MembershipDraft, Parameters, Purpose, TrustPolicy, VaultKey};
use ledger_core::names::NodeNumber;
use serde_json::Value;

/// Four members, of whom the second has two nodes, 2 and 5.
fn two_nodes() -> Vec<u8> {
    let mut members: Vec<_> = Network::new(4).genesis.membership.members().to_vec();
    members[1].nodes = List::new(vec![fixture::node(2), fixture::node(5)]).unwrap();
    let draft = fixture::membership(members, Parameters::default()).draft().clone();
    codec::encode(&Membership::new(MembershipDraft { next_node: NodeNumber(7), ..draft }).unwrap())
}

/// A membership that leaves nothing empty, changed.
fn draft(edit: impl FnOnce(&mut MembershipDraft)) -> Vec<u8> {
    let mut draft = Network::new(4).genesis.membership.draft().clone();
    draft.heirs = List::new(vec![heir("370400", "370100"), heir("370500", "370000")]).unwrap();
    draft.trust = fixture::trust(2);
    assert!(Membership::new(draft.clone()).is_ok());
    edit(&mut draft);
    codec::encode(&draft)
}

fn heir(removed: &str, heir: &str) -> Heir {
    Heir { removed: code(removed), heir: code(heir) }
}

pub(super) fn add(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "membership", cases };
    let membership = codec::encode(&Network::new(4).genesis.membership);
    keys(&mut c, &membership);
    members(&mut c, &membership);
    nodes(&mut c, &membership);
    parameters(&mut c, &membership);
    names(&mut c);
    heirs(&mut c);
    trust(&mut c);
}

fn names(c: &mut Cases<'_>) {
    let mut name = |name: &str, text: &str| {
        let text = Text::new(text).unwrap();
        let edit =
            |draft: &mut MembershipDraft| draft.members.iter_mut().take(1).for_each(|m| m.name_en = text.clone());
        c.no::<Membership>(name, draft(edit));
    };
    name("an empty name", "");
    name("a name with a control character", "Shandong\u{7}");
    name("a name with a control character beyond ASCII", "Shandong\u{85}");
    name("a name that ends its line", "Shandong\u{2028}");
    for turning in ["\u{61c}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}"] {
        name(&format!("a name that turns its direction, {}", turning.escape_unicode()), &format!("Shan{turning}dong"));
    }
    let hidden = Text::new("山东\u{202d}").unwrap();
    let edit = |draft: &mut MembershipDraft| draft.members.iter_mut().take(1).for_each(|m| m.name_zh = hidden.clone());
    c.no::<Membership>("a Chinese name that turns its direction", draft(edit));
    for shown in ["a", "\u{200d}", "\u{202f}", "\u{2065}", "\u{206a}"] {
        let edit = |draft: &mut MembershipDraft| {
            draft.members.iter_mut().take(1).for_each(|m| m.name_en = Text::new(shown).unwrap())
        };
        assert!(codec::decode::<Membership>(&draft(edit)).is_ok(), "{shown:?}");
    }
}

fn heirs(c: &mut Cases<'_>) {
    let mut heirs =
        |name: &str, list: Vec<Heir>| c.no::<Membership>(name, draft(|draft| draft.heirs = List::new(list).unwrap()));
    heirs("heirs out of order", vec![heir("370500", "370000"), heir("370400", "370100")]);
    heirs("a code removed twice", vec![heir("370400", "370000"), heir("370400", "370100")]);
    heirs("a member among the removed", vec![heir("370100", "370000")]);
    heirs("an heir that is no member", vec![heir("370400", "379900")]);
    heirs("an heir that was removed", vec![heir("370400", "370500"), heir("370500", "370000")]);
    // Next number(4), the province(6), then the count of heirs.
    c.no::<Membership>("more heirs than there may be", counted(&draft(|_| {}), 10, 1_025));
    c.no::<Membership>("a province that is no member", draft(|draft| draft.province = code("379900")));
}

fn trust(c: &mut Cases<'_>) {
    let mut trust =
        |name: &str, edit: &dyn Fn(&mut TrustPolicy)| c.no::<Membership>(name, draft(|draft| edit(&mut draft.trust)));
    trust("more witnesses wanted than named", &|trust| trust.wanted = 3);
    trust("a lag of 2^53", &|trust| trust.lag = 1 << 53);
    let roots = List::new(vec![Bytes::new(vec![0x30; 8_192]).unwrap(); 8]).unwrap();
    trust("a trust policy that is too long", &|trust| trust.timestamp_roots = roots.clone());
    let good = fixture::witness(1);
    let (name, rest) = good.split_once('+').unwrap();
    let (hash, key) = rest.split_once('+').unwrap();
    let ed25519 =
        |name: &str| fixture::verifier_key(name, &[&[1], &node_key(1, Purpose::Note).public().as_bytes()[..]].concat());
    let typed = |kind: u8, length: usize| fixture::verifier_key("one", &[&[kind], &vec![7; length][..]].concat());
    let mut neutral = vec![0; 33];
    (neutral[0], neutral[1]) = (1, 1);
    let witnesses = [
        ("a witness of two parts", format!("{name}+{hash}")),
        ("a witness without a name", ed25519("")),
        ("a witness whose name has white space", ed25519("a b")),
        ("a witness whose name has white space beyond ASCII", ed25519("a\u{3000}b")),
        ("a witness whose name turns its direction", ed25519("a\u{202e}b")),
        ("a witness with another name than its hash", format!("other+{hash}+{key}")),
        ("a witness with its hash in capital letters", format!("{name}+{}+{key}", hash.to_uppercase())),
        ("a witness with a hash that is too short", format!("{name}+{}+{key}", &hash[1..])),
        ("a witness whose key is no base64", format!("{name}+{hash}+{}", key.replace(&key[3..4], "-"))),
        ("a witness whose key is not padded", typed(6, 1_312).trim_end_matches('=').to_owned()),
        ("a witness whose key has unused bits", typed(6, 1_312).replace("c=", "d=")),
        ("a witness whose key is padded too much", format!("{name}+{hash}+{key}====")),
        ("a witness with a line end behind it", format!("{good}\n")),
        ("a witness without a key", fixture::verifier_key("one", &[])),
        ("a witness of an unknown type", typed(2, 32)),
        ("a witness of type 0", typed(0, 32)),
        ("a witness with an Ed25519 key that is too short", typed(1, 31)),
        ("a witness with an Ed25519 key that is too long", typed(4, 33)),
        (
            "a witness with an Ed25519 key that is no point",
            fixture::verifier_key("one", &[&[1], &[2; 32][..]].concat()),
        ),
        ("a witness with an Ed25519 key of small order", fixture::verifier_key("one", &neutral)),
        ("a witness with an ML-DSA-44 key that is too short", typed(6, 1_311)),
        ("a witness with an ML-DSA-44 key that is too long", typed(6, 1_313)),
        ("a witness twice", fixture::witness(2)),
        ("two witnesses of one name", ed25519("witness2.example")),
    ];
    for (what, text) in witnesses {
        trust(what, &|trust| trust.witnesses.iter_mut().take(1).for_each(|to| *to = Text::new(text.clone()).unwrap()));
    }
    let same = |kind: u8| {
        fixture::verifier_key(
            &format!("w{kind}"),
            &[&[kind], &node_key(1, Purpose::Note).public().as_bytes()[..]].concat(),
        )
    };
    trust("two witnesses of one key", &|trust| {
        trust.witnesses = List::new([1, 4].map(|kind| Text::new(same(kind)).unwrap()).to_vec()).unwrap();
    });
    let long = Text::new(typed(6, 1_312)).unwrap();
    let edit = |draft: &mut MembershipDraft| draft.trust.witnesses.iter_mut().take(1).for_each(|to| *to = long.clone());
    assert!(codec::decode::<Membership>(&draft(edit)).is_ok());
}

fn keys(c: &mut Cases<'_>, membership: &[u8]) {
    let at = place(membership, governance_key(1).public().as_bytes());
    let key = |bytes: [u8; 32]| [&membership[..at], &bytes[..], &membership[at + 32..]].concat();
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut not_reduced = [0xff; 32];
    not_reduced[0] = 0xee;
    not_reduced[31] = 0x7f;
    c.no::<Membership>("a key that is no point", key([2; 32]));
    c.no::<Membership>("a key that is not canonical", key(not_reduced));
    c.no::<Membership>("a key of small order", key(neutral));
    c.no::<Membership>("a suite that is not known", with(membership, at - 1, 2));
    c.no::<Membership>("a suite of 0", with(membership, at - 1, 0));
    c.no::<Membership>("a key twice", key(*governance_key(2).public().as_bytes()));
    let vault = |bytes: [u8; 32]| [&membership[..at + 32], &bytes[..], &membership[at + 64..]].concat();
    let shared = (1..).map(|number| node_key(number, Purpose::Note).public());
    let shared = *shared.into_iter().find(|key| VaultKey(*key.as_bytes()).check().is_ok()).unwrap().as_bytes();
    let both = [&membership[..at], &shared[..], &shared[..], &membership[at + 64..]].concat();
    c.no::<Membership>("a vault key that is another key too", both);
    let mut high = fixture::vault_key(1).0;
    high[31] |= 0x80;
    c.no::<Membership>("a vault key with the top bit set", vault(high));
    c.no::<Membership>("a vault key that is not reduced", vault(not_reduced));
    let mut prime = not_reduced;
    prime[0] = 0xed;
    c.no::<Membership>("a vault key that is the prime", vault(prime));
    let mut minus_one = not_reduced;
    minus_one[0] = 0xec;
    let order_8 = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let order_8 = order_8.map(|hex| hex.parse::<VaultKey>().unwrap().0);
    for (of, bytes) in
        [("0", [0; 32]), ("1", neutral), ("-1", minus_one), ("order 8", order_8[0]), ("order 8, too", order_8[1])]
    {
        c.no::<Membership>(&format!("a vault key of low order, {of}"), vault(bytes));
    }
    let consensus = node_key(1, Purpose::Consensus).public();
    let submission = node_key(1, Purpose::Submission).public();
    c.no::<Membership>("a key for two purposes", replaced(membership, submission.as_bytes(), consensus.as_bytes()));
}

fn members(c: &mut Cases<'_>, membership: &[u8]) {
    // Next number(4), province(6), no heirs(4), count(4), then the first member: its code(6), the length of its
    // name(4), its name.
    let first = 18;
    let name = first + 6;
    assert!(membership[4..].starts_with(b"370000") && membership[first..].starts_with(b"370000"));
    c.no::<Membership>("no province", with(membership, first + 5, b'1'));
    let tail = &membership[membership.len() - 32 - 20..];
    c.no::<Membership>("no member", [&membership[..14], &[0; 4][..], tail].concat());
    c.no::<Membership>("members out of order", replaced(membership, b"370100", b"379900"));
    c.no::<Membership>("a member twice", replaced(membership, b"370100", b"370200"));
    c.no::<Membership>("a member whose code is no digits", with(membership, first, b'x'));
    c.no::<Membership>("more members than there may be", counted(membership, 14, 65));
    c.no::<Membership>("a name that is not UTF-8", with(membership, name + 4, 0xff));
    c.no::<Membership>("a name that is too long", counted(membership, name, 97));
}

fn nodes(c: &mut Cases<'_>, membership: &[u8]) {
    // Number and power of a node, then the count of its keys.
    let node = |number, power| [0, 0, 0, number, 0, 0, 0, power, 0, 0, 0, 4];
    c.no::<Membership>("a node number that was not given out", with(membership, 3, 4));
    c.no::<Membership>("a node number twice", replaced(membership, &node(2, 1), &node(1, 1)));
    let two = two_nodes();
    c.no::<Membership>("nodes of a member out of order", replaced(&two, &node(2, 1), &node(6, 1)));
    c.no::<Membership>("a node twice in a member", replaced(&two, &node(5, 1), &node(2, 1)));
    let consensus = node_key(1, Purpose::Consensus).public();
    let purpose = place(membership, consensus.as_bytes()) - 2;
    c.no::<Membership>("a purpose that is not known", with(membership, purpose, 5));
    c.no::<Membership>("a purpose of 0", with(membership, purpose, 0));
    c.no::<Membership>("purposes out of order", with(membership, purpose, 2));
    let note = place(membership, node_key(1, Purpose::Note).public().as_bytes()) - 2;
    let three = [&membership[..purpose - 4], &[0, 0, 0, 3], &membership[purpose..note], &membership[note + 34..]];
    c.no::<Membership>("a node without a key for each purpose", three.concat());
    c.no::<Membership>("more keys than a node may have", counted(membership, purpose - 4, 5));
    let powerless =
        (1..=4_u8).fold(membership.to_vec(), |bytes, number| replaced(&bytes, &node(number, 1), &node(number, 0)));
    c.no::<Membership>("nobody with voting power", powerless);
}

/// The bounds of each parameter, below and above.
fn parameters(c: &mut Cases<'_>, membership: &[u8]) {
    let bounds = [
        ("block bytes", 65_536, 33_554_432),
        ("block events", 1, 100_000),
        ("submission events", 1, 10_000),
        ("clock tolerance", 1, 3_600_000),
        ("pace: events", 1, 100_000),
        ("pace: wait", 1, 3_600_000),
        ("pace: seal", 1, 86_400_000),
        ("pace: idle", 1, 86_400_000),
    ];
    for ((name, least, most), place) in bounds.into_iter().zip((0..).step_by(4)) {
        let at = membership.len() - 20 - 32 + place;
        for inside in [least, most] {
            assert!(codec::decode::<Membership>(&counted(membership, at, inside)).is_ok(), "{name}: {inside}");
        }
        c.no::<Membership>(&format!("a parameter too small, {name}"), counted(membership, at, least - 1));
        c.no::<Membership>(&format!("a parameter too large, {name}"), counted(membership, at, most + 1));
    }
}
