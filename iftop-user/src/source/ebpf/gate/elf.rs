//! An object file around one program, as the loader wants it.

use anyhow::{Context as _, Result};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    write::{Object, Symbol, SymbolSection},
};

/// Some of the kernel's helpers are for GPL programs only; the kernel takes this for one.
const LICENSE: &[u8] = b"Dual MIT/GPL\0";

/// The program in a section that names its kind.
pub(super) fn of_program(section: &str, name: &str, code: &[u8]) -> Result<Vec<u8>> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
    let text = object.add_section(Vec::new(), section.into(), SectionKind::Text);
    object.append_section_data(text, code, 8);
    object.add_symbol(Symbol {
        name: name.into(),
        value: 0,
        size: code.len() as u64,
        kind: SymbolKind::Text,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(text),
        flags: SymbolFlags::None,
    });
    let license = object.add_section(Vec::new(), b"license".to_vec(), SectionKind::Data);
    object.append_section_data(license, LICENSE, 1);
    object.write().context("write the filter's object")
}
