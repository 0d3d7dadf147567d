// Sends requests that are null, short, without callback, or with lists that are not there; then delivers.
#include "hostile.hpp"

static void done(void*, const csiem_http_response*) {}

static csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  auto* s = static_cast<hostile::Self*>(self);
  csiem_http_request r;
  std::memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  s->http->send(s->instance, nullptr, &done, nullptr, nullptr, nullptr);
  s->http->send(s->instance, &r, nullptr, nullptr, nullptr, nullptr);
  r.header_count = 7;
  s->http->send(s->instance, &r, &done, nullptr, nullptr, nullptr);
  r.header_count = 0;
  r.part_count = 0xffffffffu;
  s->http->send(s->instance, &r, &done, nullptr, nullptr, nullptr);
  r.struct_size = 12;
  s->http->send(s->instance, &r, &done, nullptr, nullptr, nullptr);
  s->http->send(nullptr, &r, &done, nullptr, nullptr, nullptr);
  hostile::deliver(s, token);
  return CSIEM_OK;
}

HOSTILE_SUBMIT("bad_requests", submit)
