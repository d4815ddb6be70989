// The grammar: recursive descent, with precedence climbing for binary operators. Used by parser.cc only.
//
// Each method reads one construct and returns null after the first error; callers stop then. Errors come in the order
// in which Prometheus' LALR parser finds them, so a token is only read when it is needed to decide.
#ifndef NIGHTLIGHT_PROMQL_GRAMMAR_H_
#define NIGHTLIGHT_PROMQL_GRAMMAR_H_

#include <optional>
#include <string>
#include <vector>

#include "promql/lexer.h"
#include "promql/parser.h"

namespace nightlight::promql {

struct ParseError {
  Span span;
  std::string message;
};

class Grammar {
 public:
  Grammar(std::string_view text, const FunctionTable& functions, const ParserOptions& options)
      : functions_(functions), options_(options), lexer_(text, options.unquoted_utf8_names) {}

  // The whole text as an expression, or as one vector selector.
  ExprPtr expression();
  std::unique_ptr<VectorSelector> selector();

  const std::optional<ParseError>& error() const { return error_; }

 private:
  using DurationPtr = std::unique_ptr<DurationExpr>;

  // What a syntax error says it was in and what was expected there: that of the innermost construct which has a say.
  struct Context {
    Context(Grammar& grammar, std::string_view in, std::string_view expected)
        : grammar_(grammar), outer_(grammar.context_), in_(in), expected_(expected) {
      grammar.context_ = this;
    }
    ~Context() { grammar_.context_ = outer_; }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Grammar& grammar_;
    const Context* outer_;
    std::string_view in_;
    std::string_view expected_;
  };

  // Counts how deep the descent is.
  class Depth {
   public:
    explicit Depth(Grammar& grammar) : grammar_(grammar), ok_(grammar.enter()) {}
    ~Depth() { --grammar_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    bool ok() const { return ok_; }

   private:
    Grammar& grammar_;
    bool ok_;
  };
  static constexpr const char* kTooDeep = "expression is nested too deeply";
  bool enter();
  bool grow(int height);

  const Token& peek();
  Token take();
  bool take_if(TokenKind kind);
  std::nullptr_t unexpected();  // The token that is next.
  std::nullptr_t unexpected(std::string_view in, std::string_view expected);
  std::nullptr_t fail(Span span, std::string message);
  bool failed() const { return error_.has_value(); }

  // grammar.cc
  ExprPtr binary(int min_precedence);
  ExprPtr unary();
  ExprPtr postfix(ExprPtr expr);
  ExprPtr primary();
  ExprPtr paren();
  ExprPtr number();
  ExprPtr name_or_call();
  ExprPtr call(const Token& name);
  bool call_body(std::vector<ExprPtr>* out);
  ExprPtr aggregation(const Token& name);
  bool binary_modifiers(BinaryExpr& expr);
  bool fill_value(std::optional<double>* out);
  std::optional<std::vector<std::string>> grouping_labels();
  std::optional<double> literal_value(const Token& token);

  // grammar_selector.cc
  std::unique_ptr<VectorSelector> vector_selector(Token name);
  bool matchers(VectorSelector& selector);
  bool one_matcher(VectorSelector& selector);
  ExprPtr bracket(ExprPtr expr);
  ExprPtr matrix_selector(ExprPtr expr, Span bracket, DurationPtr range);
  ExprPtr at_modifier(ExprPtr expr);
  ExprPtr offset_modifier(ExprPtr expr);
  ExprPtr extended_modifier(ExprPtr expr);
  TimeShift* shift_of(Expr& expr);
  static void set_duration(DurationPtr duration, int64_t* value_ms, DurationPtr* expr);

  // grammar_duration.cc
  DurationPtr positive_duration();
  DurationPtr duration(int min_precedence);
  DurationPtr duration_node(DurationOp op);
  DurationPtr signed_duration(const Token& sign, DurationPtr operand, bool keep_plus);
  DurationPtr duration_rest(DurationPtr lhs, int min_precedence);
  DurationPtr duration_unary();
  DurationPtr duration_primary(const Token* sign);
  DurationPtr duration_call();
  DurationPtr offset_duration();
  bool check_divisor(DurationOp op, const DurationExpr& rhs, Span operator_span);

  const FunctionTable& functions_;
  const ParserOptions& options_;
  Lexer lexer_;
  Token next_;
  bool peeked_ = false;
  uint32_t last_end_ = 0;   // Where the last taken token ended.
  int depth_ = 0;           // Of the descent.
  int height_ = 0;          // Of the tree that was read last.
  int duration_nodes_ = 0;  // Of the duration expression that is being read.
  const Context* context_ = nullptr;
  std::optional<ParseError> error_;
};

// What is wrong with a regular expression, in Go's words; "" when it compiles.
std::string regex_error(const std::string& regex);

// Types, arity and matchers of a tree without syntax errors; also settles what depends on types (cardinality of set
// operators, no matching between scalars). The first error in Prometheus' order, if any.
std::optional<ParseError> check_types(Expr& expr, std::string_view query);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_GRAMMAR_H_
