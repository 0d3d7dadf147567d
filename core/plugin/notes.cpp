// The note reader: a bounded walk over a 64-bit little-endian ELF image. Every offset is checked against the image
// before it is used, every loop has a limit, and nothing is allocated that the image's own size does not justify.
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "plugin/catalog.hpp"

namespace csiem::plugin {
namespace {

constexpr std::size_t kMaxSegments = 128, kMaxNotes = 256, kMaxAnnounced = 64, kMaxNoteBytes = 4096;
constexpr uint32_t kNoteType = 1;
constexpr std::string_view kOwner("Clawdstrike\0", 12);

template <class T>
bool load(std::string_view bytes, uint64_t at, T* out) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return false;
  std::memcpy(out, bytes.data() + at, sizeof(T));
  return true;
}

bool printable(std::string_view s) {
  return !s.empty() && s.size() <= 64 && std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// "key=value" lines. False when a key that a component needs is missing or not printable.
bool parse_note(std::string_view text, Announced* out) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = line.substr(0, equals), value = line.substr(equals + 1);
    std::string* const field = key == "abi"       ? &out->abi
                               : key == "kind"    ? &out->kind
                               : key == "name"    ? &out->name
                               : key == "version" ? &out->version
                                                  : nullptr;
    if (field != nullptr) *field = value;
  }
  return printable(out->abi) && printable(out->kind) && printable(out->name) && printable(out->version);
}

std::size_t padded(std::size_t n, std::size_t align) { return (n + align - 1) / align * align; }

Result<void> read_segment(std::string_view segment, std::size_t align, std::size_t* notes,
                          std::vector<Announced>* out) {
  std::size_t at = 0;
  Elf64_Nhdr header{};
  while (load(segment, at, &header)) {
    if (++*notes > kMaxNotes) return Error{Code::limit, "more than 256 ELF notes", 3003};
    const std::size_t name_at = at + sizeof header;
    const std::size_t desc_at = name_at + padded(header.n_namesz, align);
    if (desc_at > segment.size() || header.n_descsz > segment.size() - desc_at) break;
    if (header.n_type == kNoteType && header.n_namesz == kOwner.size() &&
        segment.substr(name_at, kOwner.size()) == kOwner) {
      Announced component;
      if (header.n_descsz > kMaxNoteBytes || !parse_note(segment.substr(desc_at, header.n_descsz), &component))
        return Error{Code::invalid, "its note .note.clawdstrike cannot be understood", 3008};
      if (out->size() == kMaxAnnounced) return Error{Code::limit, "announces more than 64 components", 3008};
      out->push_back(std::move(component));
    }
    at = desc_at + padded(header.n_descsz, align);
  }
  return {};
}

}  // namespace

Result<std::vector<Announced>> read_notes(std::string_view image) {
  Elf64_Ehdr elf{};
  if (!load(image, 0, &elf) || std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0)
    return Error{Code::invalid, "not an ELF file", 3003};
  if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB || elf.e_type != ET_DYN)
    return Error{Code::unsupported, "not a 64-bit little-endian shared object", 3003};
#if defined(__x86_64__)
  constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
  constexpr unsigned kMachine = EM_AARCH64;
#else
  const unsigned kMachine = elf.e_machine;
#endif
  if (elf.e_machine != kMachine) return Error{Code::unsupported, "built for another machine", 3003};
  if (elf.e_phentsize != sizeof(Elf64_Phdr) || elf.e_phnum > kMaxSegments)
    return Error{Code::invalid, "its ELF program headers are damaged", 3003};

  std::vector<Announced> found;
  std::size_t notes = 0;
  for (uint64_t i = 0; i < elf.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (elf.e_phoff > image.size() || !load(image, elf.e_phoff + i * sizeof segment, &segment))
      return Error{Code::invalid, "its ELF program headers are damaged", 3003};
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_offset > image.size() || segment.p_filesz > image.size() - segment.p_offset)
      return Error{Code::invalid, "an ELF note lies outside of the file", 3003};
    CS_CHECK(
        read_segment(image.substr(segment.p_offset, segment.p_filesz), segment.p_align == 8 ? 8 : 4, &notes, &found));
  }
  if (found.empty()) return Error{Code::not_found, "not a plugin: it has no note .note.clawdstrike", 3003};
  return found;
}

}  // namespace csiem::plugin
