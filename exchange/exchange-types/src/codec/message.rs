//! The macro that makes an encoder, a decoder and a table out of the list of kinds.
//!
//! Not responsible for which kinds there are. A newcomer needs to know one thing: a decoder tests, in this order, the length
//! of the header, the version, the kind, the length the kind demands, every reserved byte, and then the fields one by one.

/// The bytes every message begins with: version, kind, two reserved.
pub(crate) const COMMON_BYTES: usize = 4;

/// For an enum: `encode` puts the message on the stack and appends it whole; `decode` checks the length once.
///
/// A kind is `number = Variant shape [fields]`, where the shape is what stands behind the variant both when it is taken apart
/// and when it is made, and the fields are in the order of the bytes. `_ N` is N reserved bytes.
macro_rules! messages {
    (
        $enum:ident, header $header:ident;
        $($number:literal = $variant:ident $shape:tt [
            $($(_ $gap:literal,)? $field:ident: $kind:ty),* $(; _ $tail:literal)?
        ];)+
    ) => {
        const LAYOUTS: &[MessageLayout] = &[$(
            MessageLayout {
                name: stringify!($variant),
                kind: $number,
                bytes: $header $($(+ $gap)? + <$kind as Field>::SIZE)* $(+ $tail)?,
                rows: &[
                    $($(Row::reserved($gap),)? row_of::<$kind>(stringify!($field)),)*
                    $(Row::reserved($tail),)?
                ],
            },
        )+];

        #[inline]
        #[allow(unused_mut, unused_variables, reason = "a kind without fields writes none")]
        fn encode(message: &$enum, out: &mut Vec<u8>, header: impl FnOnce(&mut [u8])) {
            match message {
                $($enum::$variant $shape => {
                    const BYTES: usize = $header $($(+ $gap)? + <$kind as Field>::SIZE)* $(+ $tail)?;
                    let mut bytes = [0_u8; BYTES];
                    bytes[0] = FORMAT_VERSION;
                    bytes[1] = $number;
                    header(&mut bytes[COMMON_BYTES..$header]);
                    let mut fields = Writer::new(&mut bytes, $header);
                    $(
                        $(fields.skip($gap);)?
                        fields.put::<$kind>($field);
                    )*
                    out.extend_from_slice(&bytes);
                })+
            }
        }

        #[inline]
        #[allow(unused_mut, unused_variables, reason = "a kind without fields reads none")]
        fn decode(bytes: &[u8]) -> Result<$enum, Malformed> {
            let Some([version, kind, ..]) = bytes.first_chunk::<COMMON_BYTES>() else {
                return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len() });
            };
            if *version != FORMAT_VERSION {
                return Err(Malformed { reason: RejectReason::UnknownVersion, offset: 0 });
            }
            match *kind {
                $($number => {
                    const BYTES: usize = $header $($(+ $gap)? + <$kind as Field>::SIZE)* $(+ $tail)?;
                    let Ok(bytes) = <&[u8; BYTES]>::try_from(bytes) else {
                        return Err(Malformed { reason: RejectReason::WrongLength, offset: bytes.len().min(BYTES) });
                    };
                    let mut reserved = Reader::new(bytes, 2);
                    if let Some(offset) = reserved.check_zero(2) {
                        return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
                    }
                    let mut reserved = Reader::new(bytes, $header);
                    $(
                        $(if let Some(offset) = reserved.check_zero($gap) {
                            return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
                        })?
                        if let Some(offset) = reserved.check::<$kind>() {
                            return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
                        }
                    )*
                    $(if let Some(offset) = reserved.check_zero($tail) {
                        return Err(Malformed { reason: RejectReason::ReservedNotZero, offset });
                    })?
                    let mut fields = Reader::new(bytes, $header);
                    $(
                        $(fields.skip($gap);)?
                        let $field = fields.take::<$kind>()?;
                    )*
                    Ok($enum::$variant $shape)
                })+
                _ => Err(Malformed { reason: RejectReason::UnknownCommand, offset: 1 }),
            }
        }
    };
}

pub(crate) use messages;
