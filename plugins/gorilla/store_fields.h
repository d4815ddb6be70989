// The field table of the component `gorilla`.
#ifndef NIGHTLIGHT_GORILLA_STORE_FIELDS_H_
#define NIGHTLIGHT_GORILLA_STORE_FIELDS_H_

#include "nightlight/sugar.h"

namespace nightlight::gorilla {

inline constexpr Str kAckChoices[] = {str("durable"), str("os"), str("memory")};
inline constexpr Str kModeChoices[] = {str("adaptive"), str("gorilla-only")};

inline constexpr ConfigField kFieldTable[] = {
    field("path", FieldType::kPath, "./data", "Directory of everything that is stored; made when it is missing."),
    bounded(field("retention", FieldType::kDuration, "15d",
                  "Blocks whose newest sample is older than this, as seen from the "
                  "newest block, are deleted; 0 keeps them.",
                  kReloadable),
            "0", ""),
    field("retention_size", FieldType::kBytes, "0",
          "Bytes that blocks and log may take; the oldest blocks above it are "
          "deleted. 0: no limit.",
          kReloadable),
    bounded(field("wal_segment_size", FieldType::kBytes, "128MiB", "Size of a file of the write-ahead log."), "1MiB",
            "4GiB"),
    bounded(field("block_duration", FieldType::kDuration, "2h", "Time span of the first compaction's blocks."), "1m",
            "31d"),
    bounded(field("max_head_samples", FieldType::kInt, "1000000",
                  "Unsealed samples above which the head seals before "
                  "seal_interval has passed, once it holds 60 samples a series, or 30 million and 25 a series."),
            "1000", ""),
    bounded(field("seal_interval", FieldType::kDuration, "20m",
                  "How often the head's samples become a block; bounds memory and "
                  "the time of a restart."),
            "1s", "2h"),
    bounded(field("compaction_interval", FieldType::kDuration, "1h", "How often blocks are compacted at the latest."),
            "1s", "7d"),
    field("compaction_write_rate", FieldType::kBytes, "64MiB",
          "Bytes that compactions write in a second at most, so that the disk stays free for "
          "the log and for queries; 0: no limit."),
    bounded(field("page_cache", FieldType::kBytes, "32MiB",
                  "Memory for pages of blocks that queries have read, where page_cache_per_series asks for no more."),
            "0", "1TiB"),
    bounded(field("page_cache_per_series", FieldType::kBytes, "96",
                  "At least so much of it for each series in the head: what queries read grows with the series."),
            "0", "64KiB"),
    field("disk_reserve", FieldType::kBytes, "128MiB",
          "Space kept back, for when the disk is full: sealing, deletes and retention use it to make room. At most an "
          "eighth of what is free; 0: none."),
    enum_field("ack", view_of(kAckChoices), "durable",
               "When a write is answered: durable (on disk), os (given to the operating "
               "system) or memory."),
    bounded(field("out_of_order_window", FieldType::kDuration, "30m",
                  "How much older than the newest sample of all a late "
                  "sample may be; 0 refuses late samples."),
            "0", "30d"),
    bounded(field("max_future", FieldType::kDuration, "10m", "How far in the future a sample may be."), "0", "365d"),
    bounded(field("max_series", FieldType::kInt, "0", "Series in the head at most; 0: no limit."), "0", ""),
    bounded(field("max_new_series_per_second", FieldType::kInt, "0", "New series per second at most; 0: no limit."),
            "0", ""),
    bounded(field("max_labels", FieldType::kInt, "256", "Labels of a series at most."), "1", "4096"),
    bounded(field("max_label_name_bytes", FieldType::kBytes, "1KiB", "Length of a label name at most."), "1", "64KiB"),
    bounded(field("max_label_value_bytes", FieldType::kBytes, "64KiB", "Length of a label value at most."), "1",
            "1MiB"),
    bounded(field("max_exemplars", FieldType::kInt, "100000", "Exemplars kept, the oldest are replaced; 0 keeps none."),
            "0", "100000000"),
    enum_field("mode", view_of(kModeChoices), "adaptive",
               "How values are encoded: adaptive (the smallest of several exact "
               "encodings) or gorilla-only (Gorilla's XOR stream for all)."),
};

inline constexpr size_t kFieldCount = sizeof kFieldTable / sizeof kFieldTable[0];

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_STORE_FIELDS_H_
