//! The wire format of Protocol Buffers: keys, varints, fixed 64-bit numbers, length-delimited bytes.

use super::{DecodeError, TooDeep};

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

pub(super) fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    put_varint(out, u64::from(field << 3));
    put_varint(out, value);
}

pub(super) fn put_fixed(out: &mut Vec<u8>, field: u32, value: u64) {
    put_varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field << 3 | 2));
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a message within a message, in place: most are shorter than 128 bytes, whose length takes one byte.
pub(super) fn put_message(
    out: &mut Vec<u8>,
    field: u32,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), TooDeep>,
) -> Result<(), TooDeep> {
    put_varint(out, u64::from(field << 3 | 2));
    out.push(0);
    let start = out.len();
    body(out)?;
    let length = out.len() - start;
    if let Ok(byte @ 0..0x80) = u8::try_from(length) {
        out[start - 1] = byte;
    } else {
        let inner = out.split_off(start);
        out.truncate(start - 1);
        put_varint(out, inner.len() as u64);
        out.extend_from_slice(&inner);
    }
    Ok(())
}

pub(super) const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// A field's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Number(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
    /// A 32-bit number: of a later version, to be stepped over.
    Other,
}

impl<'a> Field<'a> {
    pub(super) const fn number(self) -> Result<u64, DecodeError> {
        if let Self::Number(value) = self { Ok(value) } else { Err(DecodeError::Type) }
    }

    pub(super) const fn fixed(self) -> Result<u64, DecodeError> {
        if let Self::Fixed(value) = self { Ok(value) } else { Err(DecodeError::Type) }
    }

    pub(super) const fn bytes(self) -> Result<&'a [u8], DecodeError> {
        if let Self::Bytes(value) = self { Ok(value) } else { Err(DecodeError::Type) }
    }

    pub(super) fn text(self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Text)
    }
}

/// Reads fields off the front of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(DecodeError::Short)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Number);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Number)
    }

    pub(super) fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| DecodeError::Short)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next field; `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Field<'a>)>, DecodeError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => {
                let bytes = self.take(8)?.try_into().map_err(|_| DecodeError::Short)?;
                Field::Fixed(u64::from_le_bytes(bytes))
            }
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Field::Other
            }
            _ => return Err(DecodeError::Type),
        };
        Ok(Some((key >> 3, value)))
    }
}
