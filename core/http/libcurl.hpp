// libcurl started once for the whole process, and its handles as owned values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>

namespace csiem::http {

struct EasyCleanup {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct UrlCleanup {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct StringFree {
  void operator()(char* text) const noexcept { curl_free(text); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;
using ParsedUrl = std::unique_ptr<CURLU, UrlCleanup>;
using CurlString = std::unique_ptr<char, StringFree>;

// Call before anything else of libcurl; cheap after the first time. Any thread. Memory that libcurl frees is wiped
// first, so that headers and URLs with credentials do not stay behind in the heap. SIGPIPE is ignored from then on,
// unless it has a handler: libcurl and OpenSSL need that.
void start_libcurl();

}  // namespace csiem::http
