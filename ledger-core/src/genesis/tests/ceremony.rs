//! What members bring to the ceremony, and what they approve.

use super::*;

fn application(number: u32, code: &str, nodes: u32) -> Application {
    let nodes = (0..nodes).map(|at| Node { number: NodeNumber(at), ..fixture::node(10 * number + at) }).collect();
    Application::sign(Member { nodes: List::new(nodes).unwrap(), ..member(number, code) }, &governance_key(number))
}

fn first(applications: &[Application]) -> Result<Membership, ApplicationError> {
    first_membership(applications, code("370000"), Parameters::default(), TrustPolicy::default())
}

#[test]
fn applications_make_the_first_membership_in_any_order() {
    let applications = [application(3, "370200", 1), application(1, "370000", 2), application(2, "370100", 0)];
    let made = first(&applications).unwrap();
    let numbers: Vec<_> = made.nodes().map(|(member, node)| (member.code.as_str().to_owned(), node.number.0)).collect();
    assert_eq!(numbers, [("370000".to_owned(), 1), ("370000".to_owned(), 2), ("370200".to_owned(), 3)]);
    assert_eq!(made.next_node(), NodeNumber(4));
    let key = made.node(NodeNumber(2)).unwrap().1.key(Purpose::Peer).copied();
    assert_eq!(key, Some(node_key(11, Purpose::Peer).public()));
    let mut reversed = applications.to_vec();
    reversed.reverse();
    assert_eq!(first(&reversed), Ok(made));
}

#[test]
fn an_application_is_signed_by_its_member_as_it_stands() {
    let good = application(2, "370100", 1);
    assert_eq!(good.verify(), Ok(&good.member));
    assert_eq!(codec::decode(&codec::encode(&good)), Ok(good.clone()));
    let other_name = Member { name_en: Text::new("Somebody").unwrap(), ..good.member.clone() };
    let renamed = Application { member: other_name, ..good.clone() };
    let by_another = Application::sign(good.member.clone(), &governance_key(1));
    for bad in [renamed, by_another] {
        let refused = ApplicationError::Signature(code("370100"));
        assert_eq!(bad.verify(), Err(refused.clone()));
        assert_eq!(first(&[bad]), Err(refused));
    }

    let province_missing = first(&[good]);
    assert_eq!(province_missing, Err(ApplicationError::Membership(MembershipError::Province(code("370000")))));
}
