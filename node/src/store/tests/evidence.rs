//! A store read as evidence, and what its damage looks like there.

use super::*;
use ledger_core::archive::{Blocks as _, Found, Last, Next, Walk as _};

/// How far the blocks of a store can be read, each as it was, and how the reading ends.
fn read(folder: &Path, network: &Network) -> (u64, Last) {
    let evidence = Evidence::open(folder, &network.tip.chain()).unwrap();
    let mut blocks = evidence.blocks().unwrap();
    let mut height = 0;
    loop {
        match blocks.next() {
            Next::Block(bytes) => {
                assert!(bytes == network.blocks[height as usize], "block {}", height + 1);
                height += 1;
            }
            Next::Last(last) => return (height, last),
        }
    }
}

/// What evidence says of a chain: every block as it was, or something odd.
fn audit(folder: &Path, network: &Network) -> Result<(), String> {
    let evidence = Evidence::open(folder, &network.tip.chain()).map_err(|error| error.to_string())?;
    let certificate = network.certificate.clone().unwrap();
    let whole = (network.tip.height().0, Last::Certificate { certificate, behind: None });
    if evidence.notes().is_empty() && read(folder, network) == whole { Ok(()) } else { Err("it is not whole".into()) }
}

#[test]
fn evidence_is_read_and_left_as_it_was() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let before = files_of(home.path());
    assert_eq!(audit(home.path(), &network), Ok(()));
    assert_eq!(before, files_of(home.path()));
}

#[test]
fn a_flipped_bit_in_a_sealed_file_is_found_and_located() {
    let (network, blocks) = chain(80);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut unreadable = 0;
    for path in sealed_files(home.path()).iter().take(2) {
        let good = fs::read(path).unwrap();
        for at in (0..good.len()).step_by(149).chain((0..120).step_by(3)) {
            flip(path, at);
            assert!(audit(home.path(), &network).is_err(), "{} byte {at}", path.display());
            // What stands below is read as it was, and a walk finds nearly all that stands above.
            let (height, last) = read(home.path(), &network);
            assert!(matches!(last, Last::Unreadable(_)), "byte {at}: {last:?}");
            let evidence = Evidence::open(home.path(), &network.tip.chain()).unwrap();
            let mut walk = evidence.walk().unwrap();
            let found = std::iter::from_fn(|| walk.find()).filter(|found| matches!(found, Found::Block(_))).count();
            assert!(height < 80 && (78..=80).contains(&found), "byte {at} of {}: {found}", path.display());
            unreadable += 1;
            // A store that opens gives every block as it was, or an error.
            if at % 3 == 0
                && let Ok(store) = DiskStore::open(home.path(), &network.genesis, small())
            {
                for height in 1..=80 {
                    let block = store.block(Height(height));
                    assert!(block.is_err() || block.unwrap().unwrap() == network.blocks[height as usize - 1]);
                }
            }
            fs::write(path, &good).unwrap();
        }
    }
    assert!(unreadable > 100);
}

#[test]
fn an_edited_index_row_is_reported() {
    let (network, blocks) = chain(60);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let wrong = || {
        let evidence = Evidence::open(home.path(), &network.tip.chain()).unwrap();
        let mut rows = evidence.rows();
        let is_wrong = |block: &&FinalBlock| {
            let row = IndexRow::of(block.traces()).encode();
            rows.at(block.block().header().height) != Some(row)
        };
        blocks.iter().filter(is_wrong).count()
    };
    assert_eq!(wrong(), 0);
    let path = sealed_files(home.path())[1].with_extension("rows");
    let good = fs::read(&path).unwrap();
    for at in (16..good.len()).step_by(211) {
        flip(&path, at);
        // Where the length was altered, no later row of the file is found.
        assert!(wrong() > 0, "byte {at}");
        fs::write(&path, &good).unwrap();
    }
    fs::remove_file(&path).unwrap();
    assert!(wrong() > 1);
}

/// sled takes damaged bytes for the end of its log and opens without the rest; the tip file tells.
#[test]
fn a_flipped_bit_in_the_database_is_never_taken_for_the_truth() {
    let (network, blocks) = chain(30);
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), &network, &blocks, small()));
    let mut refused = 0;
    for reopened in [false, true] {
        if reopened {
            // Then sled has a snapshot of its own, and reads pages only when they are asked for.
            drop(DiskStore::open(home.path(), &network.genesis, small()).unwrap());
        }
        let db = fs::read(home.path().join("hot/db")).unwrap();
        let live: Vec<usize> = (0..db.len()).filter(|at| db[*at] != 0).collect();
        for number in 0..100 {
            let image = tempfile::tempdir().unwrap();
            copy_tree(home.path(), image.path());
            flip(&image.path().join("hot/db"), live[number * live.len() / 100]);
            // Each height is read as it was, or the reading ends.
            assert!(read(image.path(), &network).0 <= 30);
            match Ledger::open(image.path(), network.genesis.clone(), small()) {
                Err(_) => refused += 1,
                Ok(ledger) => (1..=30).for_each(|height| {
                    let block = ledger.store().block(Height(height));
                    assert!(block.is_err() || block.unwrap().unwrap() == network.blocks[height as usize - 1]);
                }),
            }
        }
    }
    assert!(refused > 100, "{refused} refused");
}
