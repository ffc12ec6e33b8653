// How whoever called ends long work: kernels count what they do, and ask now and then whether to go on.
#pragma once

#include <exception>

namespace attention_lab::kernels {

/// Thrown out of work that was to end. What the work would have written is undefined; what it read is as before.
class Interrupted final : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted by the caller"; }
};

class Interrupt {
 public:
  /// Multiply-adds between two questions: one or two milliseconds, beside which a question takes no time.
  static constexpr double kWork = 1 << 24;

  constexpr explicit Interrupt(double work_between_questions = kWork)
      : work_between_questions_(work_between_questions) {}

  /// Counts so many multiply-adds. Throws Interrupted if it is time to ask and the answer is yes.
  void count(double work);

 protected:
  ~Interrupt() = default;
  virtual bool is_requested() = 0;

 private:
  double work_between_questions_, work_ = 0.0;
};

}  // namespace attention_lab::kernels
