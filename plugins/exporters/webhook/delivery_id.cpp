#include "webhook/delivery_id.hpp"

#include <openssl/evp.h>

#include <csiem/json.hpp>
#include <memory>
#include <new>

#include "common/http_text.hpp"

namespace csiem::webhook {

std::string header_id(std::string_view text) {
  std::string id = common::percent_encoded(text, ".~");
  if (id.size() > 255) id.resize(255);
  return id;
}

std::string base62_of_160_bits(const unsigned char* digest) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::size_t kBytes = 20, kLength = 27;  // 62^27 > 2^160
  unsigned char number[kBytes];
  for (std::size_t i = 0; i < kBytes; ++i) number[i] = digest[i];
  std::string out(kLength, '0');
  for (std::size_t at = kLength; at-- > 0;) {
    unsigned rest = 0;
    for (unsigned char& byte : number) {
      const unsigned value = rest << 8 | byte;
      byte = static_cast<unsigned char>(value / 62);
      rest = value % 62;
    }
    out[at] = kDigits[rest];
  }
  return out;
}

std::string delivery_id(const csiem_batch& batch, const std::vector<uint32_t>& events, bool single) {
  if (const std::string_view own = view(batch.events[events.front()]->event_id); single && !own.empty())
    return header_id(own);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  for (const uint32_t i : events) {
    const std::string_view id = view(batch.events[i]->event_id);
    EVP_DigestUpdate(hash.get(), id.data(), id.size());
    EVP_DigestUpdate(hash.get(), "\n", 1);
  }
  EVP_DigestFinal_ex(hash.get(), digest, nullptr);
  return "msg_" + base62_of_160_bits(digest);
}

}  // namespace csiem::webhook
