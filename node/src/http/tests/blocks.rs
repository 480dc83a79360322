//! Blocks, and stretches of them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_served_as_they_are_and_for_people() {
    let bed = Bed::small().await;
    let block = bed.get("/v1/blocks/2").await;
    assert_eq!(block.headers["content-type"], "application/octet-stream");
    assert_eq!(block.body.unwrap(), bed.network.blocks[1]);
    let shown = bed.get("/v1/blocks/2?format=json").await.json();
    assert_eq!(shown["header"]["height"], 2);
    assert_eq!(shown["events"].as_array().unwrap().len(), 4);
    assert_eq!(shown["events"][0]["log_index"], 6);
    assert_eq!(shown["events"][3]["kind"], "new");
    assert_eq!(shown["events"][3]["outcome"], "applied");
    assert_eq!(shown["parent_certificate"]["nodes"].as_array().unwrap().len(), 4);
    for (path, status, wanted) in [
        ("/v1/blocks/0", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks/4", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks/x", 400, "BAD_REQUEST"),
        ("/v1/blocks/2?format=xml", 400, "BAD_REQUEST"),
        ("/v1/blocks?from=4", 404, "UNKNOWN_BLOCK"),
        ("/v1/blocks?from=0", 400, "BAD_REQUEST"),
        ("/v1/blocks?from=3&to=2", 400, "BAD_REQUEST"),
        ("/v1/blocks?form=3", 400, "BAD_REQUEST"),
        ("/v1/blacks", 404, "NO_ROUTE"),
    ] {
        let answer = bed.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, wanted), "{path}");
    }
    let deleted = Request::delete("/v1/status").body(Body::empty()).unwrap();
    assert_eq!(ask(bed.tcp().await, deleted).await.problem(), "NO_METHOD");
    bed.end().await;
}

/// Audits an archive as an auditor would who has nothing else.
fn audit(bytes: &[u8], network: &Network) -> Report {
    let (start, mut archive) = Archive::open(bytes, &network.tip.chain()).unwrap();
    Report::of(&judge(&network.genesis, &start, &mut archive, Options::default(), &mut Unwatched))
}

#[tokio::test(flavor = "multi_thread")]
async fn stretches_are_archives_that_audit() {
    let bed = Bed::new(40, any("127.0.0.1:0")).await;
    for (path, to, whole) in [
        ("/v1/blocks", 40, true),
        ("/v1/blocks?to=25", 25, true),
        ("/v1/blocks?from=12&to=30", 30, false),
        ("/v1/blocks?from=40&to=99", 40, false),
    ] {
        let answer = bed.get(path).await;
        assert_eq!(answer.headers["luqi-to"], to.to_string());
        let report = audit(&answer.body.unwrap(), &bed.network);
        assert_eq!((report.findings.as_slice(), report.height), ([].as_slice(), Some(Height(to))), "{path}");
        assert_eq!(report.verdict, if whole { Verdict::Holds } else { Verdict::Undecided });
        assert_eq!(report.signed, Some(Height(to)));
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_cannot_be_read_breaks_off() {
    let bed = Bed::new(40, any("127.0.0.1:0")).await;
    // Older blocks stand in sealed files: one is cut short under the node.
    let sealed = bed.folder.path().join("ledger/sealed");
    bed.chain.store().seal().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(sealed).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "luqi"));
    files.sort();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    let answer = bed.get("/v1/blocks").await;
    assert_eq!((answer.status, answer.body), (200, None));
    bed.end().await;
}
