using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace ActorSockets.Events;

/// <summary>
/// Events as JSON: <c>{"time":"…","event":"delivered","target":…}</c>. An event's name and fields are those of its record;
/// durations are milliseconds, and say so in their names.
/// </summary>
internal static partial class JsonLines
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        // For a pipe or a file, never inside HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new Milliseconds(), new Address(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { NameDurations } },
    };

    /// <summary>One line for what happens now.</summary>
    public static string For(object happened) => For(happened, DateTime.UtcNow, Options);

    /// <summary>One line for what happened at a time.</summary>
    public static string For(object happened, DateTime time, JsonSerializerOptions options)
    {
        var fields = JsonSerializer.SerializeToNode(happened, happened.GetType(), options)!.AsObject();
        fields.Insert(0, "time", JsonValue.Create(time));
        fields.Insert(1, "event", JsonValue.Create(Name(happened.GetType())));
        return fields.ToJsonString(options);
    }

    /// <summary>What an event of this type is called.</summary>
    public static string Name(Type happened) => WordStart().Replace(happened.Name, "-$0").ToLowerInvariant();

    /// <summary>The fields of an event of this type, beside <c>time</c> and <c>event</c>.</summary>
    public static IEnumerable<string> Fields(Type happened) => Options.GetTypeInfo(happened).Properties.Select(p => p.Name);

    private static void NameDurations(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(p => p.PropertyType == typeof(TimeSpan)))
            property.Name += "Ms";
    }

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();

    private sealed class Milliseconds : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TimeSpan.FromMilliseconds(reader.GetDouble());

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(Math.Round(value.TotalMilliseconds, 3));
    }

    private sealed class Address : JsonConverter<IPEndPoint>
    {
        public override IPEndPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPEndPoint.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, IPEndPoint value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
