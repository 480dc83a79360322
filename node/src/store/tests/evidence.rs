//! A store read as evidence, and what its damage looks like there.

use super::*;

/// What evidence says of a chain: every block as it was, or something odd.
fn audit(folder: &Path, network: &Network) -> Result<(), String> {
    let evidence = Evidence::open(folder, &network.tip.chain).map_err(|error| error.to_string())?;
    let mut heights = 0;
    for (block, height) in evidence.blocks().zip(1..) {
        assert_eq!(block.height, Height(height));
        if block.bytes? != network.blocks[height as usize - 1] {
            return Err(format!("block {height} is another"));
        }
        heights = height;
    }
    if heights != network.tip.height.0 {
        return Err(format!("{heights} blocks"));
    }
    if evidence.certificate() != network.certificate.as_ref() {
        return Err("another certificate".into());
    }
    match evidence.notes().first() {
        None => Ok(()),
        Some(note) => Err(note.clone()),
    }
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
            // All other blocks can still be read.
            let evidence = Evidence::open(home.path(), &network.tip.chain).unwrap();
            let read: Vec<_> = evidence.blocks().collect();
            assert_eq!(read.len(), 80, "byte {at}");
            let bad: Vec<u64> = read.iter().filter(|block| block.bytes.is_err()).map(|block| block.height.0).collect();
            assert!(bad.len() <= 1, "byte {at} of {}: {bad:?}", path.display());
            unreadable += bad.len();
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
        let evidence = Evidence::open(home.path(), &network.tip.chain).unwrap();
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
            // Each height is read as it was, or it is not.
            let evidence = Evidence::open(image.path(), &network.tip.chain).unwrap();
            for (block, height) in evidence.blocks().zip(1..) {
                assert_eq!(block.height, Height(height));
                assert!(block.bytes.is_err() || block.bytes.unwrap() == network.blocks[height as usize - 1]);
            }
            drop(evidence);
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
