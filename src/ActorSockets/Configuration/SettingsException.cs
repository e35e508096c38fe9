namespace ActorSockets.Configuration;

/// <summary>A finding about a configuration: an error, or a warning in <see cref="ActorSocketsSettings.Warnings"/>.</summary>
/// <param name="Where">The setting's full path, or <c>file:line</c> for text that is not HOCON.</param>
/// <param name="Message">What is wrong and what is allowed, on one line. Control characters are escaped in both.</param>
public sealed record SettingError(string Where, string Message)
{
    /// <summary>The setting's full path, or <c>file:line</c>.</summary>
    public string Where { get; init => field = Printable.Of(value); } = Printable.Of(Where);

    /// <summary>What is wrong and what is allowed, on one line.</summary>
    public string Message { get; init => field = Printable.Of(value); } = Printable.Of(Message);

    /// <inheritdoc />
    public override string ToString() => $"{Where}: {Message}";
}

/// <summary>A configuration that cannot be used, with every error in it.</summary>
/// <param name="errors">At least one error.</param>
public sealed class SettingsException(IReadOnlyList<SettingError> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>A configuration with a single error.</summary>
    public SettingsException(string where, string message) : this([new SettingError(where, message)])
    {
    }

    /// <summary>The errors, in the order in which they were found.</summary>
    public IReadOnlyList<SettingError> Errors { get; } = errors;
}
