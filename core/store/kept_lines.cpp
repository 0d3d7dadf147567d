#include "store/kept_lines.hpp"

#include <openssl/evp.h>

#include <csiem/json.hpp>

#include "base/buffer.hpp"
#include "base/rfc3339.hpp"

namespace csiem::store {
namespace {

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMostQuarantinedBytes = 4096;

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the NUL that OpenSSL adds
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

// Bytes of the character that starts at `at`, 0 when there is none that is well-formed.
std::size_t character_length(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90;
    const bool too_large = lead == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// Text from outside into our JSON: what is not UTF-8 is cut off.
void add_text(Json& json, std::string_view key, std::string_view text) {
  if (!text.empty()) json.text(key, text.substr(0, utf8_prefix(text)));
}

void add_time(Json& json, std::string_view key, int64_t unix_ns) {
  if (unix_ns != 0) json.text(key, format_rfc3339(unix_ns));
}

}  // namespace

std::size_t utf8_prefix(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t length = character_length(bytes, at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::string dead_letter_line(const std::string& exporter, const DeadLetter& letter) {
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.integer("schema_version", kSchemaVersion);
  json.text("exporter", exporter);
  add_text(json, "event_id", letter.event_id);
  json.integer("sequence", letter.sequence);
  add_text(json, "class", letter.error_class);
  if (letter.code != 0) json.integer("code", letter.code);
  if (letter.http_status != 0) json.integer("http_status", letter.http_status);
  add_text(json, "vendor_code", letter.vendor_code);
  add_text(json, "vendor_text", letter.vendor_text);
  json.integer("attempts", letter.attempts);
  add_time(json, "first_attempt", letter.first_attempt_unix_ns);
  add_time(json, "last_attempt", letter.last_attempt_unix_ns);
  add_text(json, "plugin_version", letter.plugin_version);
  add_text(json, "format_version", letter.format_version);
  add_text(json, "config_hash", letter.config_hash);
  add_text(json, "config_origin", letter.config_origin);
  if (!letter.event_json.empty()) json.raw("event", letter.event_json);
  json.close();
  out.byte('\n');
  return std::string(text.view());
}

std::string quarantine_line(const Quarantined& record, int64_t now_unix_ns) {
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.text("time", format_rfc3339(now_unix_ns));
  add_text(json, "source", record.source);
  json.integer("offset", record.offset);
  if (record.line != 0) json.integer("line", record.line);
  add_text(json, "reason", record.reason);
  add_text(json, "detail", record.detail);
  const bool truncated = record.bytes.size() > kMostQuarantinedBytes;
  std::string_view bytes = record.bytes.substr(0, kMostQuarantinedBytes);
  const std::size_t valid = utf8_prefix(bytes);
  // A character that the cut went through is no damage.
  if (truncated && bytes.size() - valid < 4 && utf8_prefix(record.bytes.substr(0, valid + 4)) > valid)
    bytes = bytes.substr(0, valid);
  if (valid >= bytes.size())
    json.text("text", bytes);
  else
    json.text("bytes_base64", base64(bytes));
  if (truncated) json.boolean("truncated", true);
  json.close();
  out.byte('\n');
  return std::string(text.view());
}

std::string damaged_letter_line(std::string_view exporter, Sequence sequence, std::string_view letter,
                                int64_t now_unix_ns) {
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.text("time", format_rfc3339(now_unix_ns));
  json.text("source", "store");
  add_text(json, "exporter", exporter);
  if (sequence != 0) json.integer("sequence", sequence);
  json.text("reason", "damaged_letter");
  json.text("bytes_base64", base64(letter));
  json.close();
  out.byte('\n');
  return std::string(text.view());
}

std::string damaged_block_line(Sequence first, std::string_view block, int64_t now_unix_ns) {
  Buffer text;
  Out out(text.writer());
  Json json(out);
  json.open();
  json.text("time", format_rfc3339(now_unix_ns));
  json.text("source", "store");
  json.integer("sequence", first);
  json.text("reason", "damaged_block");
  json.text("bytes_base64", base64(block));
  json.close();
  out.byte('\n');
  return std::string(text.view());
}

}  // namespace csiem::store
