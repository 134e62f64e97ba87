// What libFuzzer calls; TIDINGS_FUZZ_TARGET is a function of targets.hpp.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  tidings::fuzz::TIDINGS_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
