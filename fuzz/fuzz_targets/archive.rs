//! Any bytes as an archive: what is read as a head or a frame is what its writer writes, and nothing else.
#![no_main]

use ledger_core::archive::{FRAME_HEAD_BYTES, FrameHead, HEAD_BYTES, head, read_head};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first_chunk::<HEAD_BYTES>() else { return };
    if let Ok(chain) = read_head(first) {
        assert_eq!(head(&chain), *first);
    }
    while let Some((first, more)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
        let Ok(frame) = FrameHead::decode(*first) else { return };
        assert_eq!(frame.encode(), *first);
        let Some((bytes, more)) = more.split_at_checked(frame.length as usize) else { return };
        let written = FrameHead::of(frame.kind, bytes).expect("its length was read");
        // A checksum that holds is the one that is written; one that does not is another.
        assert_eq!(frame.check(bytes).is_ok(), written == frame);
        assert!(bytes.is_empty() || frame.check(&bytes[1..]).is_err());
        rest = more;
    }
});
