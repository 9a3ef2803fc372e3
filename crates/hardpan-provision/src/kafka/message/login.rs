//! Messages of the login.

use super::{Malformed, Reader, Request, Status, Writer};
use crate::kafka::code::Code;

/// Chooses the mechanism.
#[derive(Debug)]
pub(in crate::kafka) struct SaslHandshake<'a> {
    pub(in crate::kafka) mechanism: &'a str,
}

impl Request for SaslHandshake<'_> {
    const KEY: i16 = 17;
    const NAME: &'static str = "SaslHandshake";
    const VERSIONS: (i16, i16) = (1, 1);
    const FLEXIBLE_FROM: i16 = i16::MAX;
    /// How it went, and the mechanisms that there are.
    type Answer = (Code, Vec<String>);

    fn write(&self, to: &mut Writer) {
        to.string(self.mechanism);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        Ok((Code(from.int16()?), from.array(Reader::string)?))
    }
}

/// One message of the mechanism's own exchange.
pub(in crate::kafka) struct SaslAuthenticate<'a> {
    pub(in crate::kafka) bytes: &'a [u8],
}

impl Request for SaslAuthenticate<'_> {
    const KEY: i16 = 36;
    const NAME: &'static str = "SaslAuthenticate";
    const VERSIONS: (i16, i16) = (0, 2);
    const FLEXIBLE_FROM: i16 = 2;
    /// How it went, and the server's message.
    type Answer = (Status, Vec<u8>);

    fn write(&self, to: &mut Writer) {
        to.bytes(self.bytes);
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let answer = (Status::read(from)?, from.bytes()?);
        if from.version() >= 1 {
            // The session's lifetime: a run is over before it matters, and if not, it begins again.
            from.int64()?;
        }
        from.end()?;
        Ok(answer)
    }
}
