#include "ctl/picture.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "ctl/ticks.h"

namespace nightlight::ctl {
namespace {

struct Color {
  double red, green, blue;
};

constexpr Color rgb(uint32_t hex) { return {(hex >> 16 & 255) / 255.0, (hex >> 8 & 255) / 255.0, (hex & 255) / 255.0}; }

constexpr Color kPaper = rgb(0xffffff), kInk = rgb(0x333333), kGrid = rgb(0xe4e4e4);
// Told apart by most eyes; after the tenth series they come again.
constexpr Color kLines[] = {rgb(0x1f77b4), rgb(0xff7f0e), rgb(0x2ca02c), rgb(0xd62728), rgb(0x9467bd),
                            rgb(0x8c564b), rgb(0xe377c2), rgb(0x7f7f7f), rgb(0xbcbd22), rgb(0x17becf)};
constexpr size_t kMostInLegend = 20;
constexpr double kFont = 12, kRow = 18, kMargin = 14, kTickRoom = 90, kTickHeight = 45;

struct Release {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

class Drawing {
 public:
  Drawing(const std::vector<client::Series>& series, const std::string& title, PictureRange range, PictureSize size)
      : series_(series),
        range_(range),
        legend_rows_(std::min(series.size(), kMostInLegend) + (series.size() > kMostInLegend ? 1 : 0)),
        width_(size.width),
        height_(size.height + kRow * static_cast<double>(legend_rows_)),
        surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, size.width, static_cast<int>(height_))),
        cairo_(cairo_create(surface_.get())) {
    cairo_select_font_face(cairo_.get(), "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo_.get(), kFont);
    color(kPaper);
    cairo_paint(cairo_.get());
    top_ = kMargin + 1.5 * kRow, bottom_ = size.height - kMargin - 2.5 * kRow, left_ = kMargin,
    right_ = width_ - kMargin;
    color(kInk);
    text(shortened(title, width_ - 2 * kMargin), kMargin, kMargin + kFont / 2);
    legend(size.height - kRow / 2);
    if (!find_bounds()) {
      color(kInk);
      text("no data", (width_ - extent("no data")) / 2, (top_ + bottom_) / 2);
      return;
    }
    axes();
    lines();
  }

  client::Result<std::string> png() {
    std::string out;
    auto append = [](void* to, const unsigned char* bytes, unsigned size) {
      static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), size);
      return CAIRO_STATUS_SUCCESS;
    };
    cairo_status_t status = cairo_status(cairo_.get());
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface_.get(), append, &out);
    if (status == CAIRO_STATUS_SUCCESS) return out;
    return client::Error{client::Code::kInternal, std::string("cannot draw: ") + cairo_status_to_string(status), "", 0};
  }

 private:
  void color(Color c) { cairo_set_source_rgb(cairo_.get(), c.red, c.green, c.blue); }
  Color color_of(size_t i) const { return kLines[i % std::size(kLines)]; }

  double extent(const std::string& words) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_.get(), words.c_str(), &extents);
    return extents.x_advance;
  }

  // `y` is the middle of the letters.
  void text(const std::string& words, double x, double y) {
    cairo_move_to(cairo_.get(), std::round(x), std::round(y + kFont * 0.36));
    cairo_show_text(cairo_.get(), words.c_str());
  }

  std::string shortened(std::string words, double room) {
    std::replace(words.begin(), words.end(), '\n', ' ');
    if (extent(words) <= room) return words;
    while (!words.empty() && extent(words + "…") > room) {
      while ((words.back() & 0xc0) == 0x80) words.pop_back();  // A letter has several bytes.
      words.pop_back();
    }
    return words + "…";
  }

  void legend(double y) {
    for (size_t i = 0; i < legend_rows_; ++i, y += kRow) {
      if (i == kMostInLegend) {
        color(kInk);
        text("and " + std::to_string(series_.size() - kMostInLegend) + " more", kMargin + 2 * kFont, y);
        return;
      }
      color(color_of(i));
      cairo_rectangle(cairo_.get(), kMargin, std::round(y - 2), kFont + 4, 4);
      cairo_fill(cairo_.get());
      color(kInk);
      text(shortened(client::to_string(series_[i].labels), width_ - 2 * kMargin - 2 * kFont), kMargin + 2 * kFont, y);
    }
  }

  bool is_drawn(const client::Sample& s) const {
    return std::isfinite(s.value) && s.timestamp_ms >= range_.start_ms && s.timestamp_ms <= range_.end_ms;
  }

  // False when there is nothing to draw.
  bool find_bounds() {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const client::Series& one : series_)
      for (const client::Sample& s : one.samples)
        if (is_drawn(s)) low = std::min(low, s.value), high = std::max(high, s.value);
    if (!(low <= high)) return false;
    values_ = value_ticks(low, high, std::max(static_cast<int>((bottom_ - top_) / kTickHeight), 3));
    double widest = 0;
    for (const ValueTick& tick : values_) widest = std::max(widest, extent(tick.text));
    left_ = std::ceil(kMargin + widest + 8);
    return true;
  }

  // Halves first: the span of two doubles may not be one.
  double y_of(double value) const {
    const double low = values_.front().at / 2, high = values_.back().at / 2;
    return bottom_ - (value / 2 - low) / (high - low) * (bottom_ - top_);
  }
  double x_of(int64_t timestamp_ms) const {
    if (range_.end_ms == range_.start_ms) return (left_ + right_) / 2;
    return left_ + static_cast<double>(timestamp_ms - range_.start_ms) /
                       static_cast<double>(range_.end_ms - range_.start_ms) * (right_ - left_);
  }

  // A sharp line of one pixel whose middle is nearest to the given place.
  void rule(double x1, double y1, double x2, double y2, Color c) {
    auto sharp = [](double at) { return std::floor(at) + 0.5; };
    color(c);
    cairo_set_line_width(cairo_.get(), 1);
    cairo_move_to(cairo_.get(), sharp(x1), sharp(y1));
    cairo_line_to(cairo_.get(), sharp(x2), sharp(y2));
    cairo_stroke(cairo_.get());
  }

  void axes() {
    for (const ValueTick& tick : values_) {
      const double y = y_of(tick.at);
      rule(left_, y, right_, y, kGrid);
      color(kInk);
      text(tick.text, left_ - 6 - extent(tick.text), y);
    }
    for (const TimeTick& tick :
         time_ticks(range_.start_ms, range_.end_ms, static_cast<int>((right_ - left_) / kTickRoom))) {
      const double x = x_of(tick.at_ms);
      rule(x, top_, x, bottom_ + 4, kGrid);
      color(kInk);
      for (int row = 0; row < 2; ++row) {
        const std::string words = row == 0 ? tick.text : tick.date.empty() ? "" : tick.date + " UTC";
        text(words, std::clamp(x - extent(words) / 2, 2.0, width_ - extent(words) - 2), bottom_ + kRow * (row + 0.75));
      }
    }
    rule(left_, top_, left_, bottom_, kInk);
    rule(left_, bottom_, right_, bottom_, kInk);
  }

  void lines() {
    cairo_set_line_join(cairo_.get(), CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo_.get(), CAIRO_LINE_CAP_ROUND);
    cairo_rectangle(cairo_.get(), left_ - 2, top_ - 3, right_ - left_ + 4, bottom_ - top_ + 6);
    cairo_clip(cairo_.get());
    for (size_t i = series_.size(); i-- > 0;) {  // The first ones lie above.
      color(color_of(i));
      cairo_set_line_width(cairo_.get(), 1.75);
      const std::vector<client::Sample>& all = series_[i].samples;
      for (size_t begin = 0, end; begin < all.size(); begin = end) {
        end = begin + 1;
        if (!is_drawn(all[begin])) continue;
        while (end < all.size() && is_drawn(all[end]) && is_joined(all[end - 1], all[end])) ++end;
        stroke(all, begin, end);
      }
    }
    cairo_reset_clip(cairo_.get());
  }

  bool is_joined(const client::Sample& a, const client::Sample& b) const {
    return range_.step_ms <= 0 || b.timestamp_ms - a.timestamp_ms <= range_.step_ms;
  }

  void stroke(const std::vector<client::Sample>& all, size_t begin, size_t end) {
    cairo_t* c = cairo_.get();
    if (end - begin == 1) {
      cairo_arc(c, x_of(all[begin].timestamp_ms), y_of(all[begin].value), 2, 0, 2 * M_PI);
      cairo_fill(c);
      return;
    }
    for (size_t i = begin; i < end; ++i) {
      const double x = x_of(all[i].timestamp_ms), y = y_of(all[i].value);
      i == begin ? cairo_move_to(c, x, y) : cairo_line_to(c, x, y);
    }
    cairo_stroke(c);
  }

  const std::vector<client::Series>& series_;
  const PictureRange range_;
  const size_t legend_rows_;
  const double width_, height_;
  std::unique_ptr<cairo_surface_t, Release> surface_;
  std::unique_ptr<cairo_t, Release> cairo_;
  double top_ = 0, bottom_ = 0, left_ = 0, right_ = 0;  // Of the axes.
  std::vector<ValueTick> values_;
};

}  // namespace

bool can_draw_pictures() { return true; }

client::Result<std::string> picture(const std::vector<client::Series>& series, const std::string& title,
                                    PictureRange range, PictureSize size) {
  return Drawing(series, title, range, size).png();
}

}  // namespace nightlight::ctl
