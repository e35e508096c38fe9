using System.Globalization;
using System.Text;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Raw;
using ActorSockets.Tests.Support;
using FsCheck;
using FsCheck.Xunit;

namespace ActorSockets.Tests;

/// <summary>What holds for every input of the parts that decide and do nothing else.</summary>
public sealed class PureProperties
{
    [Property]
    public bool Backoff_stays_between_its_bounds(PositiveInt attempts, PositiveInt min, NonNegativeInt more, byte fraction)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(min.Get), TimeSpan.FromMilliseconds(min.Get + (double)more.Get));
        var delay = backoff.Delay(attempts.Get, fraction / 256.0);
        return delay >= backoff.Min && delay <= backoff.Max;
    }

    [Property]
    public bool A_chunk_stays_within_its_bounds_whatever_the_acks(PositiveInt min, NonNegativeInt more, NonNegativeInt[] acksInMilliseconds)
    {
        var chunk = new ChunkSize(min.Get, (int)Math.Min(int.MaxValue, (long)min.Get + more.Get));
        var size = chunk.First;
        var fastInARow = 0;
        return acksInMilliseconds.All(ack => Within(size = chunk.Next(size, TimeSpan.FromMilliseconds(ack.Get), ref fastInARow))) && Within(size);

        bool Within(int bytes) => bytes >= chunk.MinBytes && bytes <= chunk.MaxBytes;
    }

    [Property]
    public bool Chunks_at_a_limited_rate_never_go_faster_than_it(PositiveInt bytesPerSecond, PositiveInt[] chunks, byte[] lateness)
    {
        var (rate, sizes) = (new SendRate(bytesPerSecond.Get), new ChunkSize(16384, 1 << 20).AtRate(bytesPerSecond.Get));
        var (start, sent, last) = (TimeSpan.FromHours(1), 0L, 0);
        var now = start;
        foreach (var (wanted, late) in chunks.Zip(lateness))
        {
            now += rate.Wait(now) + TimeSpan.FromMilliseconds(late);
            last = Math.Min(wanted.Get, sizes.MaxBytes);
            rate.Sending(last, now);
            sent += last;
        }

        // A tenth of a second's worth may be caught up with, and the last chunk has only begun.
        return sent - last <= ((now - start).TotalSeconds + 0.1) * bytesPerSecond.Get + 1;
    }

    [Property]
    public bool A_receipt_is_read_as_it_was_written(NonNegativeInt bytes, byte[] payload, DigestAlgorithm algorithm)
    {
        using var digest = PayloadDigest.Of(algorithm);
        digest.Append(payload);
        var receipt = new Receipt(bytes.Get, digest.Value());
        return Receipt.Parse(receipt.ToBytes()) == receipt && receipt.ToBytes().Length <= Receipt.MaxLength;
    }

    [Property(MaxTest = 1000)]
    public bool Any_bytes_are_a_receipt_with_one_spelling_or_none(byte[] bytes) =>
        Receipt.Parse(bytes) is not { } receipt || receipt.ToBytes().SequenceEqual(bytes);

    [Property(MaxTest = 1000)]
    public bool A_receipt_with_one_byte_changed_is_another_one_or_none(NonNegativeInt at, byte value, byte[] payload)
    {
        var receipt = new Receipt(payload.Length, new Digest(DigestAlgorithm.Sha256, System.Security.Cryptography.SHA256.HashData(payload)));
        var bytes = receipt.ToBytes();
        var changed = bytes[at.Get % bytes.Length] != value;
        bytes[at.Get % bytes.Length] = value;
        return (Receipt.Parse(bytes) == receipt) == !changed;
    }

    [Fact]
    public void A_receipt_may_have_the_largest_number_of_bytes() =>
        Assert.Equal(long.MaxValue, Receipt.Parse(new Receipt(long.MaxValue, new Digest(DigestAlgorithm.Sha256, new byte[32])).ToBytes())?.Bytes);

    [Property]
    public bool Settings_are_read_as_they_were_written(NonNegativeInt portSeed, PositiveInt confirmSeed, PositiveInt chunkSeed, bool fail, int attemptsSeed)
    {
        var (port, confirm) = (1 + portSeed.Get % 65535, (Confirm)(confirmSeed.Get % 3));
        var (chunk, attempts, milliseconds) = (1024 + chunkSeed.Get % (15 << 20), Math.Abs((long)attemptsSeed) % 1_000_000, confirmSeed.Get % 3_600_000 + 1);
        var target = Specs.Target(string.Create(CultureInfo.InvariantCulture, $$"""
            confirm = {{confirm.ToString().ToLowerInvariant()}}
            on-busy = {{(fail ? "fail" : "retry")}}
            chunk { min = {{chunk}}, max = 16MiB }
            max-attempts = {{attempts}}
            connect-timeout = {{milliseconds}}ms
            """), port);
        return (target.Port, target.Confirm, target.OnBusy, target.Chunk, target.MaxAttempts, target.ConnectTimeout)
            == (port, confirm, fail ? OnBusy.Fail : OnBusy.Retry, new ChunkSize(chunk, 16 << 20), (int)attempts, TimeSpan.FromMilliseconds(milliseconds));
    }

    [Property(MaxTest = 500)]
    public bool Any_text_is_read_or_refused_with_its_line(NonNull<string> text)
    {
        try
        {
            HoconText.Parse(text.Get, "x.conf", _ => null);
            return true;
        }
        catch (SettingsException e)
        {
            return e.Errors.Count == 1 && e.Errors[0].Where.StartsWith("x.conf", StringComparison.Ordinal)
                && !e.Message.Contains("found no end", StringComparison.Ordinal);
        }
    }

    [Property]
    public bool A_size_is_read_as_it_was_written(NonNegativeInt bytes) => Sizes.Parse($"{bytes.Get}") == bytes.Get
        && Sizes.Parse($"{bytes.Get} KiB") == bytes.Get * 1024L && Sizes.Parse($"{bytes.Get}MB") == bytes.Get * 1_000_000L;

    [Theory]
    [InlineData("1.5KiB", 1536L)]
    [InlineData("2K", 2048L)]
    [InlineData("2k", 2048L)]
    [InlineData("7 EiB", 7L << 60)]
    [InlineData("0", 0L)]
    [InlineData("8EiB", long.MaxValue)]
    [InlineData("1.5", null)]
    [InlineData("-1", null)]
    [InlineData("KiB", null)]
    [InlineData("1KB1", null)]
    [InlineData("5 bananas", null)]
    public void A_size_has_a_unit_that_is_known(string text, long? expected) => Assert.Equal(expected, Sizes.Parse(text));

    [Theory]
    [InlineData("500ms", 500.0)]
    [InlineData("1.5 s", 1500.0)]
    [InlineData("2 hours", 7_200_000.0)]
    [InlineData("0", 0.0)]
    [InlineData("5", null)]
    [InlineData("infinite", null)]
    [InlineData("-5s", null)]
    [InlineData("1e3s", null)]
    public void A_duration_has_a_unit_that_is_known(string text, double? expected) => Assert.Equal(expected, Durations.Parse(text)?.TotalMilliseconds);

    [Property]
    public bool Sizes_are_short(NonNegativeInt bytes) => Encoding.ASCII.GetByteCount(Sizes.Format(bytes.Get)) <= "1023.9 MiB".Length;
}
