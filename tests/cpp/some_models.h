// One small model of every kind, each with an input it reads and a batch it can learn from: for tests of all of them.
#pragma once

#include <string>
#include <vector>

#include "models/model.h"
#include "train/trainer.h"

namespace attention_lab::testing {

struct SomeModel {
  std::string name;
  models::ModelConfig config;
  bool generates = false;  // causal, with a head that makes logits

  /// The last hidden state and the logits.
  std::vector<float> forward(models::Model& model, Record& record) const;
  /// One step on two sequences of four tokens.
  void step(train::Trainer& trainer) const;
};

/// BERT, GPT-2, Llama, a translator, T5's and ALiBi's biases, Transformer-XL with mems, Longformer with global tokens,
/// ViT, shared heads, an untied masked head, and the listing whose feed-forward is linear.
const std::vector<SomeModel>& some_models();

}  // namespace attention_lab::testing
