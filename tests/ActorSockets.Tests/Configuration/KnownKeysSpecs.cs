using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Tests.Configuration;

public sealed class KnownKeysSpecs
{
    private static readonly KnownKeys Known = new(
        new Dictionary<string, string> { ["targets"] = "target-defaults" }, new HashSet<string>(),
        new Dictionary<string, string> { ["target-defaults.pause"] = "no longer exists: use wait", ["target-defaults.backoff.first"] = "is now backoff.min" });

    [Theory]
    [InlineData("targets.a.pause = 1s", "x.targets.a.pause", "no longer exists: use wait")]
    [InlineData("target-defaults.pause = 1s", "x.target-defaults.pause", "no longer exists: use wait")]
    [InlineData("targets.a.backoff.first = 1s", "x.targets.a.backoff.first", "is now backoff.min")]
    [InlineData("pause = 1s", "x.pause", "unknown setting; this section has targets, target-defaults")]
    public void A_retired_setting_is_told_with_what_replaces_it(string written, string path, string message)
    {
        var errors = new List<SettingError>();
        Known.Check("x", Section(written), Section("targets { }\n target-defaults { wait = 1s, backoff { min = 1s } }"), errors);
        Assert.Equal([new SettingError(path, message)], errors);
    }

    private static Akka.Configuration.Hocon.HoconObject Section(string hocon) => ConfigurationFactory.ParseString(hocon).Root.GetObject();
}
