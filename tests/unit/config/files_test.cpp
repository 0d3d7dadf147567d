// Files that settings name, as they are on this machine; files that two parts would use against each other.
#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <filesystem>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

namespace {

struct Pair {
  std::string certificate, key;
};

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

Pair self_signed(const char* passphrase = nullptr) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(pem, certificate);
  BIO* secret = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(secret, key, passphrase == nullptr ? nullptr : EVP_aes_128_cbc(), passphrase,
                                passphrase == nullptr ? 0 : 4, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(pem), text_of(secret)};
}

std::string check(const Directory& directory, const std::string& settings) {
  Options options;
  options.check_files = true;
  const auto path = directory.write("main.toml", "version = \"1\"\n[exporters.it]\ntype = \"file\"\n" + settings);
  const auto loaded = load_file(path, options);
  std::string out;
  for (const auto& diagnostic : loaded.diagnostics) {
    CHECK(diagnostic.code == 1070);
    CHECK(diagnostic.origin.file == path);
    out += std::to_string(diagnostic.origin.line) + ":" + std::to_string(diagnostic.origin.column) + " " +
           diagnostic.message + "\n";
  }
  return out;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("certificates and keys are there, readable and PEM") {
  const Directory directory;
  const auto pair = self_signed();
  const auto certificate = directory.write("own.pem", pair.certificate), key = directory.write("own.key", pair.key);
  const auto other = directory.write("other.key", self_signed().key);
  const auto locked = directory.write("locked.key", self_signed("pass").key);
  const auto junk = directory.write("junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto tls = [&](const std::string& ca, const std::string& cert, const std::string& own) {
    std::string text = "path = \"-\"\n";
    if (!ca.empty()) text += "tls.ca_file = \"" + ca + "\"\n";
    if (!cert.empty()) text += "tls.cert_file = \"" + cert + "\"\ntls.key_file = \"" + own + "\"\n";
    return check(directory, text);
  };
  CHECK(tls(certificate, certificate, key) == "");
  CHECK(mentions(tls(directory.path() + "/none.pem", "", ""), "5:15 'tls.ca_file' in exporter 'it': open "));
  CHECK(mentions(tls(directory.path(), "", ""), "'tls.ca_file' in exporter 'it': read "));
  CHECK(mentions(tls(junk, "", ""), "5:15 'tls.ca_file' in exporter 'it': the file holds no PEM certificate"));
  CHECK(mentions(tls(key, "", ""), "no PEM certificate"));
  CHECK(mentions(tls("", junk, key), "5:17 'tls.cert_file' in exporter 'it': the file holds no PEM certificate"));
  CHECK(
      mentions(tls("", certificate, junk), "6:16 'tls.key_file' in exporter 'it': the file holds no PEM private key"));
  CHECK(mentions(tls("", certificate, locked), "is protected by a passphrase"));
  CHECK(tls("", certificate, locked + "\"\ntls.key_passphrase = \"cred:PASS") == "");
  CHECK(mentions(tls("", certificate, other), "does not belong to the certificate"));
}

TEST_CASE("the directory that an exporter writes into is there") {
  const Directory directory;
  const auto path = [&](const std::string& below) {
    return check(directory, "path = \"" + directory.path() + below + "\"\n");
  };
  CHECK(path("/out.jsonl") == "");
  CHECK(path("/{date}/{session.id}.jsonl") == "");
  CHECK(mentions(path("/none/out.jsonl"), "4:8 exporter 'it' cannot write " + directory.path() + "/none/out.jsonl"));
  CHECK(mentions(path("/none/{date}.jsonl"), "directory " + directory.path() + "/none: "));
  CHECK(mentions(path("/main.toml/out.jsonl"), "main.toml is not a directory"));
  CHECK(check(directory, "path = \"-\"\n") == "");
}

TEST_CASE("files are looked at only where asked for") {
  CHECK(load_text("version = \"1\"\n[exporters.it]\ntype = \"file\"\npath = \"/no/where/x\"\n").ok());
}

TEST_CASE("a file is the same under each of its names") {
  const Directory directory;
  const std::string root = directory.path() + "/";
  directory.write("in.jsonl", "");
  directory.write("other.jsonl", "");
  std::filesystem::create_directory(root + "sub");
  std::filesystem::create_symlink(root + "in.jsonl", root + "soft.jsonl");
  std::filesystem::create_hard_link(root + "in.jsonl", root + "hard.jsonl");
  std::filesystem::create_directory_symlink(directory.path(), root + "linked");
  const auto problems = [&](const std::string& reads, const std::string& writes, const std::string& more = "") {
    return list(load_text("version = \"1\"\n[sources.a]\ntype = \"jsonl\"\npath = \"" + root + reads +
                          "\"\n[exporters.file]\npath = \"" + root + writes + "\"\n" + more));
  };
  CHECK(problems("in.jsonl", "other.jsonl") == "");
  for (const char* name :
       {"in.jsonl", "soft.jsonl", "hard.jsonl", "sub/../in.jsonl", "linked/in.jsonl", "./in.jsonl"}) {
    CAPTURE(name);
    CHECK(mentions(problems("in.jsonl", name), "writes the file that source 'a' reads"));
    CHECK(mentions(problems(name, "in.jsonl"), "CS1026 main.toml:6:8 "));
  }
  CHECK(mentions(problems("new.jsonl", "linked/new.jsonl"), "that source 'a' reads"));  // neither is there yet
  CHECK(mentions(
      problems("other.jsonl", "in.jsonl", "[exporters.two]\ntype = \"file\"\npath = \"" + root + "hard.jsonl\"\n"),
      "exporters 'file' and 'two' write to the same file"));
}
