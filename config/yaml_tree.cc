#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "daemon/base/text.h"

namespace tegodrop {
namespace {

// The config itself needs four levels and about fifty values a folder.
constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostNodes = 50'000;

// Thrown through yaml-cpp, which has no other way to stop its parser; caught in ReadYaml.
struct Stop {
  PlacedFault fault;
};

// Turns yaml-cpp's marks (lines and bytes from 0) into positions (lines and characters from 1).
class Places {
 public:
  explicit Places(std::string_view text) : columns_(text.size() + 1) {
    int column = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (i > 0 && (byte & 0xC0U) != 0x80U) ++column;
      if (i > 0 && text[i - 1] == '\n') column = 1;
      columns_[i] = column;
    }
    columns_[text.size()] = text.empty() || text.back() == '\n' ? 1 : column + 1;
  }
  Position At(const YAML::Mark& mark) const {
    if (mark.is_null()) return {};
    const auto at = static_cast<std::size_t>(mark.pos < 0 ? 0 : mark.pos);
    return {mark.line + 1, at < columns_.size() ? columns_[at] : mark.column + 1};
  }

 private:
  std::vector<int> columns_;
};

// yaml-cpp's own words for a tab that indents are far from the cause.
std::string TabHint(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 0 || static_cast<std::size_t>(mark.pos) > text.size()) return "";
  const std::size_t before = text.substr(0, static_cast<std::size_t>(mark.pos)).rfind('\n');
  const std::string_view line = text.substr(before == std::string_view::npos ? 0 : before + 1);
  const bool tab = line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
  return tab ? "; indent with spaces, not with tabs" : "";
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Places& places, YamlTree& tree) : places_(places), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Stop{{places_.At(mark), "a second YAML document begins here; the config is one document, without '---'"}};
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Make(YamlNode::Kind::kNull, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Fault(mark, "aliases (*name) are not allowed; write the value out");
    Add(Make(YamlNode::Kind::kBroken, mark, "", 0));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Make(YamlNode::Kind::kScalar, mark, tag, anchor);
    node.text = value;
    node.plain = tag == "?";
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Push(Make(YamlNode::Kind::kList, mark, tag, anchor));
  }
  void OnSequenceEnd() override { Pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Push(Make(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { Pop(); }

 private:
  void Fault(const YAML::Mark& mark, std::string message) {
    tree_.faults.push_back({places_.At(mark), std::move(message)});
  }

  YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (++nodes_ > kMostNodes) {
      throw Stop{{places_.At(mark), "more than " + std::to_string(kMostNodes) + " values; a config needs far fewer"}};
    }
    if (anchor != 0) Fault(mark, "anchors (&name) are not allowed; write the value out where it is needed");
    if (!tag.empty() && tag != "?" && tag != "!") Fault(mark, "YAML tags (!name) are not allowed; leave the tag out");
    YamlNode node;
    node.kind = kind;
    node.at = places_.At(mark);
    return node;
  }

  void Push(YamlNode node) {
    if (open_.size() >= kDeepest) {
      throw Stop{{node.at, "nested more than " + std::to_string(kDeepest) + " levels deep; a config needs four"}};
    }
    open_.push_back(std::move(node));
  }

  void Pop() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(YamlNode node) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    YamlNode& parent = open_.back();
    const bool is_key = parent.kind == YamlNode::Kind::kMap && parent.keys.size() == parent.items.size();
    (is_key ? parent.keys : parent.items).push_back(std::move(node));
  }

  const Places& places_;
  YamlTree& tree_;
  std::vector<YamlNode> open_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

}  // namespace

YamlTree ReadYaml(std::string_view text) {
  YamlTree tree;
  const Places places(text);
  const auto give_up = [&](PlacedFault fault) {
    tree.root.reset();
    tree.faults.push_back(std::move(fault));
  };
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(places, tree);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Stop& stop) {
    give_up(std::move(stop.fault));
  } catch (const YAML::Exception& error) {
    give_up({places.At(error.mark), "not valid YAML: " + Printable(error.msg) + TabHint(text, error.mark)});
  } catch (const std::exception& error) {
    give_up({{}, "not valid YAML: " + Printable(error.what())});
  }
  return tree;
}

}  // namespace tegodrop
