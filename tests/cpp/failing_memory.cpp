// Stands before the program's allocations: operator new is replaced, malloc is wrapped by the linker (CMakeLists.txt).
#include "failing_memory.h"

#include <cstdlib>
#include <new>

namespace {

long left = -1;  // allocations until the one that fails; negative: none will
bool reached = false;
std::size_t most = 0;

bool is_there(std::size_t size) {
  if (most > 0 && size > most) return false;
  if (left < 0) return true;
  if (left-- > 0) return true;
  reached = true;
  return false;
}

}  // namespace

#ifdef ATTENTION_LAB_WRAPS_MALLOC
extern "C" void* __real_malloc(std::size_t size);
extern "C" void* __wrap_malloc(std::size_t size) { return is_there(size) ? __real_malloc(size) : nullptr; }
#else
static void* __real_malloc(std::size_t size) { return std::malloc(size); }
#endif

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return is_there(size) ? __real_malloc(size == 0 ? 1 : size) : nullptr;
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace attention_lab::testing {

void fail_allocation(long n) {
  reached = false;
  left = n;
}

bool restore_memory() {
  left = -1;
  return reached;
}

void limit_allocations(std::size_t bytes) { most = bytes; }

}  // namespace attention_lab::testing
