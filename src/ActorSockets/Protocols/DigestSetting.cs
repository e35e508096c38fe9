using ActorSockets.Configuration;

namespace ActorSockets.Protocols;

/// <summary>The setting <c>digest</c>, of targets and servers alike.</summary>
internal static class DigestSetting
{
    private const string Key = "digest";
    private const string Default = "default";

    public static DigestAlgorithm From(SettingsSection section)
    {
        var sha256 = Digest.NameOf(DigestAlgorithm.Sha256);
        return section.OneOf(Key, [Default, Digest.NameOf(DigestAlgorithm.Xxh128), sha256]) switch
        {
            // A receipt of a raw connection is for sha256sum, too, and nothing but its sender's word says what was meant.
            Default => section.Is("protocol", "raw") ? DigestAlgorithm.Sha256 : DigestAlgorithm.Xxh128,
            var name => name == sha256 ? DigestAlgorithm.Sha256 : DigestAlgorithm.Xxh128,
        };
    }
}
