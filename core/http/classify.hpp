// What a failure of libcurl means for the sender.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <string_view>

#include "http/client.hpp"

namespace csiem::http {

// The class of a failed transfer. `text` is libcurl's message: some TLS refusals come as receive errors and are told
// apart by it. `requested` says whether the connection was ready and the request begun.
Transport classify(CURLcode code, std::string_view text, bool requested);

// Whether the peer ended the connection (or the stream) under a transfer that was on its way.
bool hung_up(CURLcode code);

}  // namespace csiem::http
