// What an Error says, for tests of bad input.
#pragma once

#include <string>

#include "nn/error.h"

namespace attention_lab::testing {

/// `code: message` of the Error that `call` throws, or "no error".
std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
  return "no error";
}

}  // namespace attention_lab::testing
