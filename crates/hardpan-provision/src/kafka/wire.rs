//! The primitive types of Kafka's protocol, written and read.
//!
//! Not responsible for what messages consist of; `message` is. A newcomer needs to know one thing: whatever an answer says
//! about lengths is compared with the bytes that are there before anything is reserved, so that no answer, however wrong, can take
//! more memory than a small multiple of its own size.

/// An answer that is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Writes a request in one version of its message.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
    version: i16,
    is_too_long: bool,
}

impl Writer {
    /// `flexible`: whether this version of the message writes lengths compactly and has tagged fields.
    pub(super) fn new(version: i16, flexible: bool) -> Self {
        Self { bytes: Vec::new(), flexible, version, is_too_long: false }
    }

    pub(super) fn version(&self) -> i16 {
        self.version
    }

    /// What was written; none where this version of the message has no room for so long a text or so many of something.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        (!self.is_too_long).then_some(self.bytes)
    }

    pub(super) fn int8(&mut self, value: i8) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn int16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn int32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }

    pub(super) fn uuid(&mut self, value: [u8; 16]) {
        self.bytes.extend(value);
    }

    /// A length of at most 4 GiB, which nothing that a plan says comes near to.
    fn varint(&mut self, length: usize) {
        let mut rest = length;
        while rest > 0x7f {
            self.bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    /// A text whose length takes two bytes in every version, as in the header of a request.
    pub(super) fn plain_string(&mut self, value: &str) {
        let length = i16::try_from(value.len());
        self.is_too_long |= length.is_err();
        self.int16(length.unwrap_or(0));
        self.bytes.extend(value.as_bytes());
    }

    pub(super) fn string(&mut self, value: &str) {
        if self.flexible {
            self.varint(value.len() + 1);
            self.bytes.extend(value.as_bytes());
        } else {
            self.plain_string(value);
        }
    }

    pub(super) fn nullable_string(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.string(value),
            None if self.flexible => self.varint(0),
            None => self.int16(-1),
        }
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.length(value.len());
        self.bytes.extend(value);
    }

    fn length(&mut self, length: usize) {
        if self.flexible {
            self.varint(length + 1);
        } else {
            let length = i32::try_from(length);
            self.is_too_long |= length.is_err();
            self.int32(length.unwrap_or(0));
        }
    }

    /// An array; `write` writes one item.
    pub(super) fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        let items = items.into_iter();
        self.length(items.len());
        items.for_each(|item| write(self, item));
    }

    /// An array that is not there, which often means "all" or "choose yourself".
    pub(super) fn null_array(&mut self) {
        if self.flexible {
            self.varint(0);
        } else {
            self.int32(-1);
        }
    }

    /// The end of a structure: no tagged field.
    pub(super) fn end(&mut self) {
        if self.flexible {
            self.varint(0);
        }
    }
}

/// Reads an answer in one version of its message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    flexible: bool,
    version: i16,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], version: i16, flexible: bool) -> Self {
        Self { rest: bytes, flexible, version }
    }

    pub(super) fn version(&self) -> i16 {
        self.version
    }

    /// # Errors
    /// Where something is left that the version of the message does not have.
    pub(super) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn int8(&mut self) -> Result<i8, Malformed> {
        Ok(i8::from_be_bytes(self.fixed()?))
    }

    pub(super) fn int16(&mut self) -> Result<i16, Malformed> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    pub(super) fn int32(&mut self) -> Result<i32, Malformed> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    pub(super) fn int64(&mut self) -> Result<i64, Malformed> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        Ok(self.int8()? != 0)
    }

    pub(super) fn uuid(&mut self) -> Result<[u8; 16], Malformed> {
        self.fixed()
    }

    fn varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift).ok_or(Malformed)?;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// A length; none for what is not there. It is never more than the bytes that are left.
    fn length(&mut self, is_short: bool) -> Result<Option<usize>, Malformed> {
        let length = if self.flexible {
            i64::from(self.varint()?) - 1
        } else if is_short {
            i64::from(self.int16()?)
        } else {
            i64::from(self.int32()?)
        };
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => Ok(Some(length)),
            Ok(_) => Err(Malformed),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(Malformed),
        }
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<String>, Malformed> {
        let Some(length) = self.length(true)? else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        Ok(Some(text.to_owned()))
    }

    pub(super) fn string(&mut self) -> Result<String, Malformed> {
        self.nullable_string()?.ok_or(Malformed)
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        let length = self.length(false)?.ok_or(Malformed)?;
        Ok(self.take(length)?.to_vec())
    }

    /// An array; one that is not there is empty. Every item takes at least one byte, so the length was bounded by what is
    /// there, and nothing is reserved for items that have not been read.
    pub(super) fn array<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.length(false)?.unwrap_or(0);
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// The end of a structure: tagged fields, of which none is needed here.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        if self.flexible {
            for _ in 0..self.varint()? {
                let _tag = self.varint()?;
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                self.take(length)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, Writer};

    #[test]
    fn what_is_written_is_read_again_in_both_encodings() {
        for flexible in [false, true] {
            let mut writer = Writer::new(0, flexible);
            let long = "x".repeat(300);
            writer.string(&long);
            writer.nullable_string(None);
            writer.array([1, -2, 3], Writer::int32);
            writer.bytes(&[0, 255]);
            writer.null_array();
            writer.end();
            let bytes = writer.into_bytes().expect("short");
            let mut reader = Reader::new(&bytes, 0, flexible);
            assert_eq!(reader.string(), Ok(long));
            assert_eq!(reader.nullable_string(), Ok(None));
            assert_eq!(reader.array(Reader::int32), Ok(vec![1, -2, 3]));
            assert_eq!(reader.bytes(), Ok(vec![0, 255]));
            assert_eq!(reader.array(Reader::int32), Ok(vec![]));
            assert_eq!(reader.end(), Ok(()));
            assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn a_text_that_an_old_version_has_no_room_for_is_no_message() {
        for (flexible, length, fits) in [(false, 32_767, true), (false, 32_768, false), (true, 32_768, true)]
        {
            let mut writer = Writer::new(0, flexible);
            writer.string(&"x".repeat(length));
            assert_eq!(writer.into_bytes().is_some(), fits, "{flexible} {length}");
        }
    }

    #[test]
    fn lengths_beyond_the_answer_are_refused_before_anything_is_reserved() {
        let huge = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1];
        assert_eq!(Reader::new(&huge, 0, false).array(Reader::int32), Err(Malformed));
        assert_eq!(Reader::new(&huge, 0, false).string(), Err(Malformed));
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 1];
        assert_eq!(Reader::new(&huge, 0, true).array(Reader::int8), Err(Malformed));
        assert_eq!(Reader::new(&huge, 0, true).end(), Err(Malformed), "tagged fields");
        assert_eq!(Reader::new(&[0xff; 9], 0, true).string(), Err(Malformed), "a number without an end");
        assert_eq!(Reader::new(&[0xff, 0xfe], 0, false).string(), Err(Malformed), "a negative length");
    }
}
