// Files and directories that an exporter's settings name, as they are on this machine now.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/fd.hpp"
#include "config/exporter_reader.hpp"

namespace csiem::config {
namespace {

constexpr std::size_t kMaxPemBytes = 16 << 20;  // a trust store of a whole system is below 1 MiB

using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Memory memory(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}
int no_passphrase(char*, int, int, void*) { return 0; }

Certificate certificate(const std::string& pem) {
  Certificate out(PEM_read_bio_X509_AUX(memory(pem).get(), nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  return out;
}
PrivateKey private_key(const std::string& pem) {
  PrivateKey out(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  return out;
}

}  // namespace

void ExporterReader::check_tls_files(const Reader& read) {
  // The text behind the key; nothing when the key is not set or the file cannot be read, which is reported.
  const auto pem = [&](std::string_view key) -> std::optional<std::string> {
    const Node* node = read.node(key);
    const std::string path = read.text(key);
    if (node == nullptr || path.empty() || node->unresolved) return std::nullopt;
    auto text = read_file(path, kMaxPemBytes);
    if (text) return *std::move(text);
    findings_.error(1070, node->value, "'" + std::string(key) + "' " + where_ + ": " + text.error().what());
    return std::nullopt;
  };
  const auto unusable = [&](std::string_view key, const std::string& why, std::string hint) {
    findings_.error(1070, read.node(key)->value, "'" + std::string(key) + "' " + where_ + ": " + why).hint =
        std::move(hint);
  };
  constexpr const char* kBegin = "a PEM file has a line -----BEGIN CERTIFICATE-----";
  if (const auto text = pem("tls.ca_file"); text && !certificate(*text))
    unusable("tls.ca_file", "the file holds no PEM certificate", kBegin);
  Certificate own(nullptr, &X509_free);
  if (const auto text = pem("tls.cert_file")) {
    own = certificate(*text);
    if (!own) unusable("tls.cert_file", "the file holds no PEM certificate", kBegin);
  }
  const auto text = pem("tls.key_file");
  if (!text) return;
  const PrivateKey key = private_key(*text);
  if (!key && text->find("ENCRYPTED") != std::string::npos) {
    // Credentials are not known here: a wrong passphrase shows when the first connection is made.
    if (read.text(std::string(kKeyPassphrase)).empty())
      unusable("tls.key_file", "the private key is protected by a passphrase", "set tls.key_passphrase = \"cred:…\"");
  } else if (!key)
    unusable("tls.key_file", "the file holds no PEM private key", "a PEM file has a line -----BEGIN PRIVATE KEY-----");
  else if (own && X509_check_private_key(own.get(), key.get()) != 1)
    unusable("tls.key_file", "the private key does not belong to the certificate of 'tls.cert_file'", "");
  ERR_clear_error();
}

void ExporterReader::check_written(const Destination& destination) {
  for (const auto& [path, origin] : destination.writes) {
    if (!path.starts_with('/')) continue;  // the plugin's to refuse
    const std::string literal = path.substr(0, path.find('{'));
    const std::string directory = literal.substr(0, std::max<std::size_t>(literal.rfind('/'), 1));
    const auto refuse = [&](const std::string& why, std::string hint) {
      findings_.error(1070, origin, "exporter '" + id_ + "' cannot write " + path + ": " + why).hint = std::move(hint);
    };
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
      refuse("directory " + directory + ": " + errno_text(errno), errno == ENOENT ? "create the directory" : "");
    } else if (!S_ISDIR(status.st_mode)) {
      refuse(directory + " is not a directory", "");
    } else {
      const bool there = literal == path && ::access(path.c_str(), F_OK) == 0;
      if (::access(there ? path.c_str() : directory.c_str(), there ? W_OK : W_OK | X_OK) != 0)
        refuse((there ? path : "directory " + directory) + ": " + errno_text(errno), "");
    }
  }
}

}  // namespace csiem::config
