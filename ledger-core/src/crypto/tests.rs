//! Keys and signatures against the public vectors: RFC 8032, Wycheproof, CCTV, speccheck.

use super::{KeyError, PublicKey, SecretKey, Signature, unhex, unhex_vec};
use crate::vectors::json;
use serde_json::Value;
use std::collections::BTreeSet;

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

/// Whether a key and a signature of any length hold over a message.
fn accepts(key: &str, message: &[u8], signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (unhex(key), unhex(signature)) else { return false };
    PublicKey::from_bytes(&key).is_ok_and(|key| key.verify_bytes(message, &Signature(signature)).is_ok())
}

/// The ids that `strict_expected.json` wants accepted are exactly the ones that are.
fn check(file: &str, accepted: impl Iterator<Item = (u64, bool)>) {
    let Some(expected) = json("ed25519/strict_expected.json") else { return };
    let of = &expected[file];
    let wanted: BTreeSet<u64> = of["accept"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    let all: Vec<(u64, bool)> = accepted.collect();
    assert_eq!(all.len() as u64, of["total"].as_u64().unwrap());
    let found: BTreeSet<u64> = all.into_iter().filter(|(_, accepted)| *accepted).map(|(id, _)| id).collect();
    assert_eq!(found, wanted, "{file}");
}

#[test]
fn wycheproof() {
    let Some(file) = json("ed25519/wycheproof_ed25519_test.json") else { return };
    let groups = file["testGroups"].as_array().unwrap();
    let cases = groups.iter().flat_map(|group| {
        let key = text(&group["publicKey"], "pk");
        group["tests"].as_array().unwrap().iter().map(move |case| {
            let accepted = accepts(key, &unhex_vec(text(case, "msg")).unwrap(), text(case, "sig"));
            assert_eq!(accepted, text(case, "result") == "valid");
            (case["tcId"].as_u64().unwrap(), accepted)
        })
    });
    check("wycheproof_ed25519_test", cases);
}

#[test]
fn small_order_mixed_and_not_canonical_points() {
    let Some(file) = json("ed25519/cctv_ed25519vectors.json") else { return };
    let cases = file.as_array().unwrap().iter().map(|case| {
        let accepted = accepts(text(case, "key"), text(case, "msg").as_bytes(), text(case, "sig"));
        (case["number"].as_u64().unwrap(), accepted)
    });
    check("cctv_ed25519vectors", cases);
}

#[test]
fn taming_the_many_eddsas() {
    let Some(file) = json("ed25519/speccheck_cases.json") else { return };
    let cases = file.as_array().unwrap().iter().zip(0..).map(|(case, id)| {
        let message = unhex_vec(text(case, "message")).unwrap();
        (id, accepts(text(case, "pub_key"), &message, text(case, "signature")))
    });
    check("speccheck_cases", cases);
}

#[test]
fn no_second_name_of_a_point_is_a_key() {
    let Some(file) = json("ed25519/noncanonical_points.json") else { return };
    let points = file.as_object().unwrap().values().find_map(Value::as_array).unwrap();
    assert_eq!(points.len(), 40);
    for point in points {
        let refused = PublicKey::from_bytes(&unhex(text(point, "encoding")).unwrap());
        let expected = if point["on_curve"].as_bool().unwrap() { KeyError::NotCanonical } else { KeyError::NotAPoint };
        assert_eq!(refused, Err(expected), "{point}");
    }
}

/// RFC 8032 section 7.1.
#[test]
fn signing_gives_the_figures_of_the_standard() {
    let check = |seed: &str, public: &str, message: &str, signature: &str| {
        let key = SecretKey::from_seed(&unhex(seed).unwrap());
        let message = unhex_vec(message).unwrap();
        assert_eq!(key.public().to_string(), public);
        assert_eq!(key.sign_bytes(&message).to_string(), signature);
        assert!(accepts(public, &message, signature));
    };
    check(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    check(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    let Some(file) = json("rfc8032/ed25519.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        check(text(case, "secret_key"), text(case, "public_key"), text(case, "message"), text(case, "signature"));
    }
}
