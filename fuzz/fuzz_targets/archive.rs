//! Any bytes as an archive: heads and frames are read or refused, within their caps.
#![no_main]

use ledger_core::archive::{FRAME_HEAD_BYTES, FrameHead, HEAD_BYTES, read_head};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((head, mut rest)) = data.split_first_chunk::<HEAD_BYTES>() else { return };
    let _ = read_head(head);
    while let Some((head, more)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
        let Ok(frame) = FrameHead::decode(*head) else { return };
        assert_eq!(frame.encode(), *head);
        let Some((bytes, more)) = more.split_at_checked(frame.length as usize) else { return };
        let _ = frame.check(bytes);
        rest = more;
    }
});
