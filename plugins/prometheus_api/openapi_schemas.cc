#include "prometheus_api/openapi_schemas.h"

#include <utility>

namespace nightlight::prometheus_api {
namespace {

constexpr std::string_view kTime = "{$ref: '#/components/schemas/Time'}";
constexpr std::string_view kDuration = "{$ref: '#/components/schemas/Duration'}";
constexpr std::string_view kCount = "{type: integer, format: int64, minimum: 0}";
constexpr std::string_view kPositive = "{type: integer, format: int64, minimum: 1}";
constexpr std::string_view kBool = "{type: boolean}";
constexpr std::string_view kStrings = "{type: array, items: {type: string}}";

constexpr std::pair<std::string_view, std::string_view> kParameters[] = {
    {"query", "{type: string, format: promql, examples: [up, 'sum by (job) (rate(http_requests_total[5m]))']}"},
    {"match[]", "{type: array, items: {$ref: '#/components/schemas/Selector'}}"},
    {"match_target", "{$ref: '#/components/schemas/Selector'}"},
    {"search[]", kStrings},
    {"rule_name[]", kStrings},
    {"rule_group[]", kStrings},
    {"file[]", kStrings},
    {"time", kTime},
    {"start", kTime},
    {"end", kTime},
    {"step", kDuration},
    {"timeout", kDuration},
    {"lookback_delta", kDuration},
    {"stats", "{type: string, enum: ['true', all]}"},
    {"nocache", kBool},
    {"trace", kBool},
    {"limit", kCount},
    {"limit_per_metric", kCount},
    {"batch_size", kPositive},
    {"group_limit", kPositive},
    {"fuzz_threshold", "{type: integer, minimum: 0, maximum: 100}"},
    {"fuzz_alg", "{type: string, enum: [subsequence, jarowinkler]}"},
    {"case_sensitive", kBool},
    {"include_score", kBool},
    {"include_metadata", kBool},
    {"exclude_alerts", kBool},
    {"skip_head", kBool},
    {"sort_by", "{type: string, enum: [alpha, score]}"},
    {"sort_dir", "{type: string, enum: [asc, dsc]}"},
    {"state", "{type: string, enum: [active, dropped, any]}"},
    {"type", "{type: string, enum: [alert, record]}"},
    {"name", "{type: string, minLength: 1, examples: [job]}"},
    {"metric_name_pattern", "{type: string, format: regex, examples: ['nightlight_http_.*']}"},
    {"label", "{type: string, minLength: 1, examples: [job]}"},
};

}  // namespace

std::string_view parameter_schema(std::string_view name) {
  for (const auto& [known, schema] : kParameters) {
    if (known == name) return schema;
  }
  return "{type: string}";
}

const std::string_view kOpenapiComponents = R"yaml(components:
  responses:
    Done: {description: There is nothing to tell.}
    Lines:
      description: Lines of JSON with results, and a last one with the status.
      content: {application/x-ndjson: {}}
    Events:
      description: Server-sent events, each with a Notification as JSON in its data; it does not end by itself.
      content: {text/event-stream: {schema: {type: string}}}
    Description:
      description: OpenAPI.
      content: {application/yaml: {}}
    BadData:
      description: A parameter is wrong.
      content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
    Forbidden:
      description: The client may not do this.
      content: {text/plain: {schema: {type: string}}}
    TooLarge:
      description: The form is too large.
      content: {text/plain: {schema: {type: string}}}
    TooMuch:
      description: It cannot be evaluated, or takes more than is allowed.
      content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
    Failed:
      description: The server is at fault, or what is asked for is switched off.
      content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
    Unavailable:
      description: It took too long, or the server is not ready.
      content:
        application/json: {schema: {$ref: '#/components/schemas/Error'}}
        text/plain: {schema: {type: string}}
  schemas:
    Selector: {type: string, format: promql-selector, examples: [up, '{job="node"}']}
    Time:
      description: RFC 3339, or seconds since 1970.
      anyOf: [{type: number}, {type: string, format: date-time}]
    Duration:
      description: Seconds, or numbers with units as in 1h30m.
      anyOf: [{type: number, exclusiveMinimum: 0}, {$ref: '#/components/schemas/Units'}]
    Units:
      type: string
      minLength: 2
      pattern: '^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$'
    Error:
      type: object
      required: [status, errorType, error]
      properties:
        status: {const: error}
        errorType: {enum: [bad_data, execution, canceled, timeout, not_found, unavailable, internal]}
        error: {type: string}
      additionalProperties: false
    Labels: {type: object, additionalProperties: {type: string}}
    LabelSets: {type: array, items: {$ref: '#/components/schemas/Labels'}}
    Strings: {type: array, items: {type: string}}
    Texts: {type: object, additionalProperties: {type: string}}
    Text: {type: string}
    EmptyList: {type: array, maxItems: 0}
    Number:
      description: A number as text, because JSON has neither NaN nor infinities.
      type: string
      pattern: '^(NaN|[+-]Inf|-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?)$'
    Point:
      description: Seconds since 1970, and a value.
      type: array
      prefixItems: [{type: number}, {$ref: '#/components/schemas/Number'}]
      minItems: 2
      maxItems: 2
    Histogram:
      type: object
      required: [count, sum]
      properties:
        count: {$ref: '#/components/schemas/Number'}
        sum: {$ref: '#/components/schemas/Number'}
        buckets:
          type: array
          items:
            description: Which bounds belong to it (0 the upper, 1 the lower, 2 none, 3 both), lower bound, upper bound, count.
            type: array
            prefixItems:
              - {enum: [0, 1, 2, 3]}
              - {$ref: '#/components/schemas/Number'}
              - {$ref: '#/components/schemas/Number'}
              - {$ref: '#/components/schemas/Number'}
            minItems: 4
            maxItems: 4
      additionalProperties: false
    HistogramPoint:
      type: array
      prefixItems: [{type: number}, {$ref: '#/components/schemas/Histogram'}]
      minItems: 2
      maxItems: 2
    Sample:
      type: object
      required: [metric]
      properties:
        metric: {$ref: '#/components/schemas/Labels'}
        value: {$ref: '#/components/schemas/Point'}
        histogram: {$ref: '#/components/schemas/HistogramPoint'}
      minProperties: 2
      maxProperties: 2
      additionalProperties: false
    Series:
      type: object
      required: [metric]
      properties:
        metric: {$ref: '#/components/schemas/Labels'}
        values: {type: array, minItems: 1, items: {$ref: '#/components/schemas/Point'}}
        histograms: {type: array, minItems: 1, items: {$ref: '#/components/schemas/HistogramPoint'}}
      minProperties: 2
      additionalProperties: false
    StepCounts:
      type: array
      items: {type: array, prefixItems: [{type: number}, {type: integer}], minItems: 2, maxItems: 2}
    QueryStats:
      type: object
      required: [timings, samples]
      properties:
        timings: {type: object, additionalProperties: {type: number}}
        samples:
          type: object
          required: [totalQueryableSamples, samplesRead, seriesTouched, peakSamples]
          properties:
            totalQueryableSamplesPerStep: {$ref: '#/components/schemas/StepCounts'}
            totalQueryableSamples: {type: integer}
            samplesReadPerStep: {$ref: '#/components/schemas/StepCounts'}
            samplesRead: {type: integer}
            seriesTouched: {type: integer}
            peakSamples: {type: integer}
          additionalProperties: false
      additionalProperties: false
    QueryResult:
      type: object
      required: [resultType, result]
      properties:
        resultType: {enum: [vector, matrix, scalar, string]}
        result: {}
        stats: {$ref: '#/components/schemas/QueryStats'}
      additionalProperties: false
      oneOf:
        - properties:
            resultType: {const: vector}
            result: {type: array, items: {$ref: '#/components/schemas/Sample'}}
        - properties:
            resultType: {const: matrix}
            result: {type: array, items: {$ref: '#/components/schemas/Series'}}
        - properties:
            resultType: {const: scalar}
            result: {$ref: '#/components/schemas/Point'}
        - properties:
            resultType: {const: string}
            result: {type: array, prefixItems: [{type: number}, {type: string}], minItems: 2, maxItems: 2}
    Expression:
      description: A tree of what was parsed; the members depend on the type.
      type: object
      required: [type]
      properties:
        type:
          enum: [aggregation, binaryExpr, call, matrixSelector, subquery, numberLiteral, parenExpr, stringLiteral, unaryExpr,
            vectorSelector]
    Exemplar:
      type: object
      required: [labels, value, timestamp]
      properties:
        labels: {$ref: '#/components/schemas/Labels'}
        value: {$ref: '#/components/schemas/Number'}
        timestamp: {type: number}
      additionalProperties: false
    Exemplars:
      type: array
      items:
        type: object
        required: [seriesLabels, exemplars]
        properties:
          seriesLabels: {$ref: '#/components/schemas/Labels'}
          exemplars: {type: array, items: {$ref: '#/components/schemas/Exemplar'}}
        additionalProperties: false
    MetricMetadata:
      type: object
      additionalProperties:
        type: array
        items:
          type: object
          required: [type, unit, help]
          properties:
            type: {enum: [unknown, counter, gauge, histogram, gaugehistogram, summary, info, stateset]}
            unit: {type: string}
            help: {type: string}
          additionalProperties: false
    Targets:
      type: object
      required: [activeTargets, droppedTargets, droppedTargetCounts]
      properties:
        activeTargets: {$ref: '#/components/schemas/EmptyList'}
        droppedTargets: {$ref: '#/components/schemas/EmptyList'}
        droppedTargetCounts: {type: [object, 'null'], maxProperties: 0}
      additionalProperties: false
    ScrapePools: {type: object, required: [scrapePools], properties: {scrapePools: {$ref: '#/components/schemas/EmptyList'}}}
    Alertmanagers:
      type: object
      required: [activeAlertmanagers, droppedAlertmanagers]
      properties:
        activeAlertmanagers: {$ref: '#/components/schemas/EmptyList'}
        droppedAlertmanagers: {$ref: '#/components/schemas/EmptyList'}
      additionalProperties: false
    Alerts: {type: object, required: [alerts], properties: {alerts: {$ref: '#/components/schemas/EmptyList'}}}
    Rules: {type: object, required: [groups], properties: {groups: {$ref: '#/components/schemas/EmptyList'}}}
    RuntimeInfo:
      type: object
      required: [startTime, CWD, hostname, serverTime, reloadConfigSuccess, lastConfigTime, corruptionCount, goroutineCount, GOMAXPROCS,
        GOMEMLIMIT, GOGC, GODEBUG, storageRetention]
      properties:
        startTime: {type: string, format: date-time}
        CWD: {type: string}
        hostname: {type: string}
        serverTime: {type: string, format: date-time}
        reloadConfigSuccess: {type: boolean}
        lastConfigTime: {type: string, format: date-time}
        corruptionCount: {type: integer}
        goroutineCount: {description: Threads., type: integer}
        GOMAXPROCS: {type: integer}
        GOMEMLIMIT: {type: integer}
        GOGC: {type: string}
        GODEBUG: {type: string}
        storageRetention: {type: string}
      additionalProperties: false
    Counts:
      type: array
      items:
        type: object
        required: [name, value]
        properties: {name: {type: string}, value: {type: integer}}
        additionalProperties: false
    Cardinality:
      type: object
      required: [headStats, seriesCountByMetricName, labelValueCountByLabelName, memoryInBytesByLabelName, seriesCountByLabelValuePair]
      properties:
        headStats:
          type: object
          required: [numSeries, numLabelPairs, chunkCount, minTime, maxTime]
          additionalProperties: {type: integer}
        seriesCountByMetricName: {$ref: '#/components/schemas/Counts'}
        labelValueCountByLabelName: {$ref: '#/components/schemas/Counts'}
        memoryInBytesByLabelName: {$ref: '#/components/schemas/Counts'}
        seriesCountByLabelValuePair: {$ref: '#/components/schemas/Counts'}
      additionalProperties: false
    Blocks:
      type: object
      required: [blocks]
      properties:
        blocks:
          type: array
          items:
            type: object
            required: [ulid, minTime, maxTime, stats, compaction, version]
            properties:
              ulid: {type: string, pattern: '^[0-9A-Z]{26}$'}
              minTime: {type: integer}
              maxTime: {type: integer}
              version: {type: integer}
              stats: {type: object, required: [numSamples, numSeries, numChunks], additionalProperties: {type: integer}}
              compaction:
                type: object
                required: [level]
                properties: {level: {type: integer, minimum: 1}, sources: {$ref: '#/components/schemas/Strings'}}
      additionalProperties: false
    Notification:
      type: object
      required: [text, date, active]
      properties:
        text: {type: string}
        date: {type: string, format: date-time}
        active: {description: False once it no longer holds., type: boolean}
      additionalProperties: false
    Notifications: {type: array, items: {$ref: '#/components/schemas/Notification'}}
    Replay:
      type: object
      required: [min, max, current]
      additionalProperties: {type: integer}
    Float:
      description: A number, or its name when it is none in JSON.
      oneOf: [{type: number}, {enum: [NaN, Infinity, -Infinity]}]
    Count: {description: A count as text., type: string, pattern: '^[0-9]+$'}
    Value: {type: object, required: [value], properties: {value: {$ref: '#/components/schemas/Float'}}, additionalProperties: false}
    LabelPair:
      type: object
      required: [name, value]
      properties: {name: {type: string}, value: {type: string}}
      additionalProperties: false
    CumulativeBucket:
      type: object
      required: [cumulativeCount, upperBound]
      properties: {cumulativeCount: {$ref: '#/components/schemas/Count'}, upperBound: {$ref: '#/components/schemas/Float'}}
      additionalProperties: false
    CumulativeHistogram:
      type: object
      required: [sampleCount, sampleSum, bucket]
      properties:
        sampleCount: {$ref: '#/components/schemas/Count'}
        sampleSum: {$ref: '#/components/schemas/Float'}
        bucket: {type: array, items: {$ref: '#/components/schemas/CumulativeBucket'}}
      additionalProperties: false
    Metric:
      type: object
      properties:
        label: {type: array, items: {$ref: '#/components/schemas/LabelPair'}}
        counter: {$ref: '#/components/schemas/Value'}
        gauge: {$ref: '#/components/schemas/Value'}
        untyped: {$ref: '#/components/schemas/Value'}
        histogram: {$ref: '#/components/schemas/CumulativeHistogram'}
      minProperties: 1
      maxProperties: 2
      additionalProperties: false
    MetricFamilies:
      type: array
      items:
        type: object
        required: [name, help, type, metric]
        properties:
          name: {type: string}
          help: {type: string}
          type: {enum: [COUNTER, GAUGE, HISTOGRAM, UNTYPED]}
          metric: {type: array, minItems: 1, items: {$ref: '#/components/schemas/Metric'}}
        additionalProperties: false
    Features: {type: object, additionalProperties: {type: object, additionalProperties: {type: boolean}}}
    Snapshot:
      type: object
      required: [name]
      properties: {name: {type: string}}
      additionalProperties: false
)yaml";

}  // namespace nightlight::prometheus_api
