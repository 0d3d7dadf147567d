// Certificates made on the spot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace csiem::http::test {

// A certificate authority in a temporary directory that is removed with it.
class Authority {
 public:
  struct Files {
    std::string cert, key;
  };
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string ca_file() const { return (directory_ / "ca.pem").string(); }
  // `names` as OpenSSL spells subjectAltName: "IP:127.0.0.1,DNS:localhost". Negative `valid_s`: expired.
  Files issue(const std::string& common_name, const std::string& names, long valid_s = 3600);

 private:
  struct Keys;
  std::filesystem::path directory_;
  std::unique_ptr<Keys> keys_;
  long serial_ = 1;
};

}  // namespace csiem::http::test
