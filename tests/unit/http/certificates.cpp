#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>

namespace csiem::http::test {
namespace {

template <auto Free>
struct With {
  template <class T>
  void operator()(T* t) const {
    Free(t);
  }
};
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, With<X509_free>>;

void must(bool ok) {
  if (!ok) std::abort();
}

Key make_key() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  must(key != nullptr);
  return key;
}

void add_extension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

Cert make_cert(EVP_PKEY* key, const std::string& name, long serial, long valid_s) {
  Cert cert(X509_new());
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), valid_s);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return cert;
}

void write_cert(const std::string& path, X509* cert) {
  FILE* const file = std::fopen(path.c_str(), "w");
  must(file != nullptr && PEM_write_X509(file, cert) == 1);
  std::fclose(file);
}

void write_key(const std::string& path, EVP_PKEY* key) {
  FILE* const file = std::fopen(path.c_str(), "w");
  must(file != nullptr && PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(file);
}

}  // namespace

struct Authority::Keys {
  Key key;
  Cert cert;
};

Authority::Authority() : keys_(std::make_unique<Keys>()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "csiem-ca-XXXXXX").string();
  must(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  keys_->key = make_key();
  keys_->cert = make_cert(keys_->key.get(), "test authority", serial_++, 3600);
  X509* const cert = keys_->cert.get();
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(cert, cert, NID_subject_key_identifier, "hash");
  must(X509_sign(cert, keys_->key.get(), EVP_sha256()) != 0);
  write_cert(ca_file(), cert);
}

Authority::~Authority() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Authority::Files Authority::issue(const std::string& common_name, const std::string& names, long valid_s) {
  const Key key = make_key();
  const Cert cert = make_cert(key.get(), common_name, serial_++, valid_s);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(keys_->cert.get()));
  if (!names.empty()) add_extension(cert.get(), keys_->cert.get(), NID_subject_alt_name, names);
  must(X509_sign(cert.get(), keys_->key.get(), EVP_sha256()) != 0);
  const std::string stem = (directory_ / std::to_string(serial_)).string();
  write_cert(stem + ".pem", cert.get());
  write_key(stem + ".key", key.get());
  return {stem + ".pem", stem + ".key"};
}

}  // namespace csiem::http::test
