using System.Text;
using WorktreeIsolator.Platform;
using Xunit;

namespace WorktreeIsolator.Tests.Platform;

public sealed class A_text_that_stands_for_bytes
{
    [Fact]
    public void Comes_back_as_the_same_bytes_whatever_they_are()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = new byte[random.Next(12)];
            random.NextBytes(bytes);
            byte[] mixed = [.. Encoding.UTF8.GetBytes("é😀"), .. bytes, .. Encoding.UTF8.GetBytes("𝄞x"), .. bytes.AsSpan(bytes.Length / 2)];

            Assert.Equal(mixed, ByteText.Encode(ByteText.Decode(mixed)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("é😀\uFFFD\n\0")]
    public void Is_the_text_itself_where_they_are_UTF8(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.Equal(text, ByteText.Decode(bytes));
        Assert.Equal(bytes, ByteText.Encode(text));
        Assert.True(ByteText.IsUtf8(text));
    }

    [Fact]
    public void Differs_for_bytes_that_differ()
    {
        var texts = Enumerable.Range(0x80, 0x80).Select(b => ByteText.Decode([(byte)'a', (byte)b])).ToList();

        Assert.Equal(texts.Count, texts.Distinct(StringComparer.Ordinal).Count());
        Assert.All(texts, text => Assert.False(ByteText.IsUtf8(text)));
    }

    [Fact]
    public void Is_written_as_replacement_characters_for_people()
    {
        Assert.Equal("caf\uFFFD", Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(ByteText.Decode("caf\u00e9"u8[..4]))));
    }
}
