namespace ActorSockets.Configuration;

/// <summary>One thing wrong with a configuration: where it stands and what would be right.</summary>
/// <param name="Where">The setting's full path, or <c>file:line</c> where there is no path yet.</param>
/// <param name="Message">What is wrong and what is allowed, one line.</param>
public sealed record SettingError(string Where, string Message)
{
    /// <inheritdoc />
    public override string ToString() => $"{Where}: {Message}";
}

/// <summary>A configuration that cannot be used, with all that is wrong with it at once.</summary>
/// <param name="errors">At least one error.</param>
public sealed class SettingsException(IReadOnlyList<SettingError> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>A configuration with a single error.</summary>
    public SettingsException(string where, string message) : this([new SettingError(where, message)])
    {
    }

    /// <summary>Everything that is wrong, in the order in which it was found.</summary>
    public IReadOnlyList<SettingError> Errors { get; } = errors;
}
