use fulcrum_model::digest::Digest;
use fulcrum_model::protocol::Uid;

use super::*;

fn digest_of_byte(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn mv_1() -> Move {
    Move { lineage: Lineage(7), epoch: Epoch(1), attempt: 2, id: u128::MAX }
}

fn reading_of(count: u32) -> Reading {
    let entry = |at: u32| Entry {
        name: Name(Arc::from(format!("cluster.x-k8s.io|Machine|default|m-{at}"))),
        uid: Uid((u128::from(at) << 64) | 0xabc),
        version: Version(u64::from(at)),
        digest: digest_of_byte(1),
        applied: (at.is_multiple_of(2)).then(|| digest_of_byte(2)),
        deleting: at.is_multiple_of(3),
    };
    Reading::new((0..count).map(entry).collect(), digest_of_byte(3))
}

fn phases() -> Vec<Phase> {
    let (count, digest, reading) = (3, digest_of_byte(4), reading_of(3));
    vec![
        Phase::Owner,
        Phase::Copying,
        Phase::Quiescing,
        Phase::Aborting { paused: true },
        Phase::Committed,
        Phase::Completing { reading: reading.clone() },
        Phase::Cleaning { reading, deleting: true },
        Phase::Released,
        Phase::Staging,
        Phase::Staged { count, digest },
        Phase::Discarding,
        Phase::Activating { count, digest },
        Phase::Verifying { count, digest },
        Phase::Held,
    ]
}

fn record_in(phase: Phase) -> Record {
    let name = Name(Arc::from("|Secret|default|c-ca"));
    Record {
        phase,
        last: Some(mv_1()),
        activation: Some(Activation { mv: mv_1(), count: 3, digest: digest_of_byte(4) }),
        unproven: true,
        late: vec![LateWrite { name, digest: digest_of_byte(5), deleted: true }],
        marked: true,
        starts: 9,
        ..Record::owner(Lineage(7), Epoch(2))
    }
}

#[test]
fn every_phase_comes_back() {
    for phase in phases() {
        let record = record_in(phase);
        let (text, packed) = encode(&record);
        assert!(!packed);
        assert_eq!(decode(&text, packed).as_ref(), Ok(&record));
    }
    let bare = Record::owner(Lineage(1), Epoch(1));
    assert_eq!(decode(&encode(&bare).0, false), Ok(bare));
}

#[test]
fn a_large_reading_is_packed() {
    let record = record_in(Phase::Completing { reading: reading_of(4000) });
    let (text, packed) = encode(&record);
    assert!(packed && text.len() < LARGE, "{} bytes", text.len());
    assert_eq!(decode(&text, packed), Ok(record));
}

#[test]
fn what_is_not_understood_is_an_error() {
    let (text, _) = encode(&record_in(Phase::Owner));
    let other = text.replace("\"Owner\"", "\"Dreaming\"");
    assert!(matches!(decode(&other, false), Err(RecordError::Json(_))));
    let other = text.replace(&ids::hex(7), "7");
    assert_eq!(decode(&other, false), Err(RecordError::Field("lineage")));
    assert_eq!(decode(&text, true), Err(RecordError::Packed));
}
